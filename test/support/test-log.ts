/**
 * A log that a test can read.
 *
 * @module
 */

import { createLogger, type Logger } from '#lib/runtime/log.ts'
import type { LogLevel } from '#lib/runtime/log-levels.ts'

export interface TestLog {
  readonly log: Logger
  /** Every line so far, as it was written. */
  text(): string
  /** Every line so far, parsed. */
  lines(): Record<string, unknown>[]
}

export function testLog(level: LogLevel = 'trace'): TestLog {
  const written: string[] = []
  const log = createLogger({ name: 'test', level, destination: { write: (line) => void written.push(line) } })
  return { log, text: () => written.join(''), lines: () => written.map((line) => JSON.parse(line)) }
}
