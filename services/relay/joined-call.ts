/**
 * A call that is joined: what comes from one end goes to the other as it is, one message at a time, until either ends it.
 *
 * While an end is slow to take a message, no other is read for it: then the window of HTTP/2 fills, and the sender waits.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { End } from '#gen/sotto/relay/v1/relay_service.ts'
import { EndCode } from '#gen/sotto/relay/v1/relay_service.ts'
import { asSottoError, SottoError } from '#lib/errors.ts'
import { fromRetryDelay } from '#lib/rpc/retry-delay.ts'
import type { Share } from './quotas.ts'
import { Carried } from './relay-service.ts'

/** The longest wait that the one who is called can ask for, in milliseconds: as long as a client would wait. */
const MAX_RETRY_AFTER_MS = 60_000

/** Stands for what an end has failed to give or take. */
const FAILED: unique symbol = Symbol('failed')

/** One end of a joined call. */
export interface Side {
  /** The next message; undefined when the end has ended its direction in order. @throws SottoError why it is over. */
  next(): Promise<Carried | End | undefined>
  /** Send a message, and wait until it is taken. @throws SottoError why it is over. */
  send(message: Carried): Promise<void>
  /** Fires when this end is to be heard no more, such as by the end of its session; the reason is a SottoError. */
  readonly ended: AbortSignal
  /** What its account may use. */
  readonly share: Share
}

/** How a joined call ends for each of its ends: undefined in order. */
export interface CallEnds {
  readonly caller: SottoError | undefined
  readonly answerer: SottoError | undefined
}

/**
 * Carry until it is over. It never rejects.
 *
 * @param endToAnswerer - Tells the one who answers that the caller has ended its direction.
 * @param onCarried - Told how many bytes have passed.
 */
export async function carry(
  caller: Side,
  answerer: Side,
  endToAnswerer: () => Promise<void>,
  onCarried: (bytes: number) => void,
): Promise<CallEnds> {
  const over = Promise.withResolvers<CallEnds>()
  const fail =
    (side: Side) =>
    (thrown: unknown): typeof FAILED => {
      const error = asSottoError(thrown)
      over.resolve(side === caller ? { caller: error, answerer: gone() } : { caller: gone(), answerer: error })
      return FAILED
    }
  const stopped = new AbortController()
  for (const side of [caller, answerer]) {
    const onEnded = () => fail(side)(side.ended.reason)
    if (side.ended.aborted) onEnded()
    side.ended.addEventListener('abort', onEnded, { signal: stopped.signal })
  }

  /** @returns what else than a message to be carried came at last, unless one end failed. */
  async function pump(from: Side, to: Side): Promise<{ readonly last: End | undefined } | undefined> {
    while (!stopped.signal.aborted) {
      const message = await from.next().catch(fail(from))
      if (message === FAILED) return undefined
      if (!(message instanceof Carried)) return { last: message }
      const waitMs = from.share.spend(message.length)
      if (waitMs > 0) await delay(waitMs, undefined, { signal: stopped.signal }).catch(() => {})
      if ((await to.send(message).catch(fail(to))) === FAILED) return undefined
      onCarried(message.length)
    }
    return undefined
  }

  void pump(caller, answerer).then((ended) => {
    if (ended?.last !== undefined) fail(caller)(unexpected())
    else if (ended !== undefined) endToAnswerer().catch(fail(answerer))
  })
  void pump(answerer, caller).then((ended) => {
    if (ended?.last !== undefined) over.resolve({ caller: errorFor(ended.last), answerer: undefined })
    else if (ended !== undefined) fail(answerer)(unexpected())
  })
  const ends = await over.promise
  stopped.abort()
  return ends
}

/** What the caller is told by the end that the other one gives the call. */
function errorFor({ code, retryDelay }: End): SottoError | undefined {
  switch (code) {
    case EndCode.UNSPECIFIED:
      return undefined
    case EndCode.HELLO_REFUSED:
      return new SottoError('ERR_HELLO_REFUSED', 'the receiver refuses the conversation')
    case EndCode.BUSY:
      return new SottoError('ERR_BUSY', 'the receiver is busy', retryAfter(retryDelay))
    default:
      return gone()
  }
}

/** As long as a client would wait at most; the one who was called may say anything. */
function retryAfter(delay: End['retryDelay']): { readonly retryAfterMs?: number } {
  if (delay === undefined) return {}
  return { retryAfterMs: Math.min(fromRetryDelay(delay), MAX_RETRY_AFTER_MS) }
}

function gone(): SottoError {
  return new SottoError('ERR_CHANNEL_CLOSED', 'the other end has ended the call')
}

function unexpected(): SottoError {
  return new SottoError('ERR_INVALID_ARGUMENT', 'a message came that has no place there')
}
