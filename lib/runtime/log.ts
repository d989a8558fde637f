import { type Logger as PinoLogger, pino } from 'pino'

/** Writes one JSON object a line. */
export type Logger = PinoLogger

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  /** The program's part that speaks: `auth`, `directory`, `receiver`. */
  readonly name: string
  /** `info` unless set. */
  readonly level?: LogLevel
  /** For a person's eyes instead of JSON; unset means: if standard error is a terminal. */
  readonly pretty?: boolean
}

export function createLogger(options: LoggerOptions): Logger {
  return pino({ name: options.name, level: options.level ?? 'info' })
}
