/**
 * The log: one JSON object a line on standard error, also where that is a terminal. Programs such as pino-pretty make it
 * lines for a person (docs/operations.md).
 *
 * Whatever is logged is first made plain (log-value.ts): bytes become their count, secrets a word, errors their code and
 * causes. So a key that ends up in a log call by accident does not end up in the log.
 *
 * @module
 */
import {
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger as PinoLogger,
  type LoggerOptions as PinoOptions,
  pino,
} from 'pino'
import type { LogLevel } from './log-levels.ts'
import { plainValue } from './log-value.ts'

/** Writes lines; `child` binds fields to all that follow. */
export type Logger = PinoLogger

export interface LoggerOptions {
  /** The program's part that speaks: `auth`, `directory`, `receiver`. */
  readonly name: string
  /** `info` unless set. */
  readonly level?: LogLevel
  /** The destination of the lines; standard error unless set. */
  readonly destination?: DestinationStream
}

const STANDARD_ERROR = 2

/** Begin a log. What is written is there when the call returns: the last line before an exit is not lost. */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level = 'info' } = options
  const pinoOptions: PinoOptions = {
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label) => ({ level: label }),
    },
    // By the time that this sees it an error is plain already.
    serializers: { err: (error: unknown) => error },
    hooks: {
      // Here and not in formatters.log, which does not see what is put into the message by %o or %j.
      logMethod(given, method) {
        method.apply(this, given.map(plainArgument) as typeof given)
      },
    },
  }
  const destination = options.destination ?? pino.destination({ dest: STANDARD_ERROR, sync: true })
  return withPlainBindings(pino(pinoOptions, destination))
}

/** Fields that are bound for good. Pino's own `formatters.bindings` does not see those of a child. */
function withPlainBindings(log: Logger): Logger {
  const { setBindings } = log
  const child = log.child as unknown as (this: Logger, fields: Bindings, options?: ChildLoggerOptions) => Logger
  // Children have the logger as their prototype, so they inherit these.
  return Object.assign(log, {
    child(this: Logger, fields: Bindings, options?: ChildLoggerOptions) {
      return child.call(this, plainValue(fields) as Bindings, options)
    },
    setBindings(this: Logger, fields: Bindings) {
      setBindings.call(this, plainValue(fields) as Bindings)
    },
  }) as Logger
}

/** An error as the first argument would be told apart by its class, which it loses when it is made plain. */
function plainArgument(argument: unknown, index: number): unknown {
  if (index === 0 && argument instanceof Error) return { err: plainValue(argument) }
  return plainValue(argument)
}
