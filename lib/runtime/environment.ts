/**
 * What the process is told from outside. The rest of the program takes these as arguments.
 *
 * @module
 */
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process. */
export function environment(): Environment {
  return process.env
}

/** The folder of everything that Sotto keeps: `SOTTO_HOME`, or `.sotto` in the user's home. */
export function sottoHome(env: { readonly SOTTO_HOME?: string | undefined }): string {
  return env.SOTTO_HOME || join(homedir(), '.sotto')
}
