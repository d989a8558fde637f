/**
 * Whole programs, timed from their start to their end.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'

export interface CommandSettings {
  readonly env?: NodeJS.ProcessEnv
  /** A file for the standard input; none unless set. */
  readonly input?: string
}

/** Run a command to its end. @returns the milliseconds. @throws Error if it fails. */
export async function timeCommand(
  command: string,
  args: readonly string[],
  { env = process.env, input = '/dev/null' }: CommandSettings = {},
): Promise<number> {
  await using file = await open(input)
  const beganMs = performance.now()
  const child = spawn(command, args, { env, stdio: [file.fd, 'ignore', 'pipe'] })
  let errors = ''
  child.stderr?.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  const [code] = await once(child, 'exit')
  const tookMs = performance.now() - beganMs
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${errors}`)
  return tookMs
}
