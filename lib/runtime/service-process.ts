/**
 * A service as a process of its own: from the environment to an exit code.
 *
 * It starts, says so to the program that started it, runs until a signal or that program's end, and stops in order.
 *
 * @module
 */
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { isSottoError, type SottoError } from '../errors.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Environment, environment } from './environment.ts'
import { createLogger, type Logger } from './log.ts'
import type { LogLevel } from './log-levels.ts'
import { giveBackMemoryAtRest } from './memory/give-back-memory.ts'
import { refuseDebugger } from './node-options.ts'
import { parentGone, reportFailure, reportReady, type Serving } from './parent.ts'
import { listenForStop } from './shutdown.ts'
import { systemRefusal } from './system-errors.ts'
import { startTracing, type TraceMode } from './tracing/tracing.ts'

/** The dependencies of a service, beside its settings. */
export interface ServiceDependencies {
  readonly clock: Clock
  readonly log: Logger
  /** The signal that the service is to stop, so that a start that waits for something can be given up. */
  readonly signal: AbortSignal
}

/** A service that is up. */
export interface RunningService extends Serving {
  stop(): Promise<void>
}

/** The settings that every service has. */
export interface ServiceConfig {
  readonly logLevel: LogLevel
  /** Where its traces go; nowhere unless set. */
  readonly traces?: TraceMode
}

export interface ServiceProgram<Config extends ServiceConfig> {
  /** The name of the service in its log lines. */
  readonly name: string
  /** @throws SottoError `ERR_CONFIG`. */
  readonly readConfig: (env: Environment) => Config
  readonly start: (config: Config, dependencies: ServiceDependencies) => Promise<RunningService>
}

/**
 * Run a service until it is told to stop. Exit code 0 after an orderly stop, 1 if it could not start or stop.
 *
 * @returns when all is done; the process then ends by itself, with its output written.
 */
export async function runService<Config extends ServiceConfig>(program: ServiceProgram<Config>): Promise<void> {
  refuseDebugger()
  // To the very end, never disposed of: the echo of a signal must not kill a process that is just finishing.
  const signal = AbortSignal.any([listenForStop().signal, parentGone()])
  let log = createLogger({ name: program.name })
  try {
    const config = program.readConfig(environment())
    log = createLogger({ name: program.name, level: config.logLevel })
    await using _traces = await startTracing(config.traces ?? 'off', program.name, (failure) =>
      log.warn({ failure }, 'traces could not be sent'),
    )
    const service = await program.start(config, { clock: systemClock, log, signal })
    log.info({ addresses: service.addresses }, 'up')
    reportReady(service)
    // Else it would be kept when the process ends, which may be in a month, or by kill -9.
    flushCompileCache()
    using _memory = giveBackMemoryAtRest()
    if (!signal.aborted) await once(signal, 'abort')
    log.info({ reason: signal.reason.message }, 'stopping')
    await service.stop()
    log.info('stopped')
  } catch (error) {
    if (signal.aborted && error === signal.reason) return
    const failure = isSottoError(error) ? error : systemRefusal(error)
    log.fatal({ err: failure === undefined ? error : withoutStack(failure) }, 'failed')
    if (failure !== undefined) reportFailure(failure)
    process.exitCode = 1
  }
}

/** An expected error for the log, without the stack: nobody needs to know where in the program it happened. */
function withoutStack({ code, message, hint, cause }: SottoError): object {
  return { code, message, hint, ...(cause instanceof Error && { cause: cause.message }) }
}
