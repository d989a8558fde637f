/**
 * Terminals that know no escape sequences.
 *
 * @module
 */
import { environment } from '#lib/runtime/environment.ts'

/** Whether the terminal is said to be one, as an editor's shell or a serial line is: it gets plain lines. */
export function isDumb(env = environment()): boolean {
  return env['TERM'] === 'dumb'
}
