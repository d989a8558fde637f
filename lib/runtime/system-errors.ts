/**
 * Errors of the operating system.
 *
 * @module
 */
import { SottoError } from '../errors.ts'

/** An operation that the system refuses, such as on a full disk or in a folder of somebody else's, told as an expected failure. */
export function systemRefusal(thrown: unknown): SottoError | undefined {
  if (!(thrown instanceof Error && 'syscall' in thrown)) return undefined
  return new SottoError('ERR_STORE', `the system refuses: ${thrown.message}`, {
    cause: thrown,
    hint: 'check the path, its permissions and the space that is left; SOTTO_HOME names where all is kept',
  })
}

/** Whether something thrown is an error of the operating system with this code, such as `ENOENT`. */
export function hasSystemCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}
