/**
 * The renewals that keep a directory process's announcements valid, and decide its health: a directory that cannot
 * write to its database takes nobody online.
 *
 * Auth is no part of this health. Without it who is online stays so, callers are told UNAVAILABLE, and taking the
 * directory out of service would end the announcements as well.
 *
 * @module
 */
import type { Logger } from '#lib/runtime/log.ts'
import type { PresenceRegistry } from './presence.ts'

export interface LeaseOptions {
  readonly presence: PresenceRegistry
  readonly log: Logger
  /** Between the end of one renewal and the next, in milliseconds. */
  readonly renewalMs: number
  /** Called with every change; health begins as good. */
  readonly onChange: (healthy: boolean) => void
}

/**
 * Renew again and again.
 *
 * @returns a function that ends it, once the renewal that may be going on is over.
 */
export function keepLease({ presence, log, renewalMs, onChange }: LeaseOptions): () => Promise<void> {
  let healthy = true
  let ended = false
  let timer: NodeJS.Timeout
  let ongoing: Promise<void> = Promise.resolve()

  async function renew(): Promise<void> {
    const failure = await failureOf(presence.renew())
    if (ended) return
    timer = setTimeout(start, renewalMs)
    if (healthy === (failure === undefined)) return
    healthy = failure === undefined
    if (healthy) log.info('the database can be written again')
    else log.error({ err: failure }, 'the database cannot be written')
    onChange(healthy)
  }

  function start(): void {
    ongoing = renew()
  }

  timer = setTimeout(start, renewalMs)
  return async () => {
    ended = true
    clearTimeout(timer)
    await ongoing
  }
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  try {
    await work
    return undefined
  } catch (error) {
    return error
  }
}
