import { Option } from 'commander'
import { DEFAULT_PROFILE } from '../profile/login-line.ts'

/** The option of every command that works with a profile. */
export function profileOption(): Option {
  const text = 'whose identity, session and pins to use, where several share a machine'
  return new Option('--profile <name>', text).default(DEFAULT_PROFILE)
}
