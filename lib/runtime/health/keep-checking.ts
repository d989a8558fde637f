/**
 * A service's health: whether it has what it needs to do its work, which is tried again and again.
 *
 * @module
 */
import type { Logger } from '../log.ts'

/** How often it is tried, in milliseconds: several times in the 10 s in which a health check is commonly repeated. */
export const HEALTH_INTERVAL_MS = 3_000

/** Something that a service cannot work without. */
export interface HealthCheck {
  /** Its name in the log, as in `the database`. */
  readonly of: string
  /** Try it. @throws why it cannot be used. */
  readonly run: () => Promise<void>
}

export interface HealthOptions {
  readonly checks: readonly HealthCheck[]
  readonly log: Logger
  /** Between the end of one round and the next, in milliseconds. */
  readonly intervalMs: number
  /** Called with every change; health begins as good, and is good while all can be used. */
  readonly onChange: (healthy: boolean) => void
}

/**
 * Check again and again.
 *
 * @returns a function that ends it, once the round that may be going on is over.
 */
export function keepChecking({ checks, log, intervalMs, onChange }: HealthOptions): () => Promise<void> {
  const failing = new Set<HealthCheck>()
  let ended = false
  let timer: NodeJS.Timeout
  let ongoing: Promise<void> = Promise.resolve()

  async function round(): Promise<void> {
    const failures = await Promise.all(checks.map(({ run }) => failureOf(run)))
    if (ended) return
    timer = setTimeout(start, intervalMs)
    const wasHealthy = failing.size === 0
    for (const [index, check] of checks.entries()) note(check, failures[index])
    const isHealthy = failing.size === 0
    if (isHealthy !== wasHealthy) onChange(isHealthy)
  }

  function note(check: HealthCheck, failure: unknown): void {
    if (failing.has(check) === (failure !== undefined)) return
    if (failure === undefined) {
      failing.delete(check)
      log.info(`${check.of} can be used again`)
    } else {
      failing.add(check)
      log.error({ err: failure }, `${check.of} cannot be used`)
    }
  }

  function start(): void {
    ongoing = round()
  }

  timer = setTimeout(start, intervalMs)
  return async () => {
    ended = true
    clearTimeout(timer)
    await ongoing
  }
}

async function failureOf(run: () => Promise<void>): Promise<unknown> {
  try {
    await run()
    return undefined
  } catch (error) {
    return error
  }
}
