/**
 * Texts from one process to another, by whatever carries them: how many a second, and how long each is under way.
 *
 * @module
 */

import type { Actor } from './actor.ts'
import type { ReceiveRequests } from './arrivals.ts'
import { sharedNowMs } from './serve-actor.ts'
import { quantile } from './statistics.ts'

/** What every sending actor can be asked for. */
export interface SendRequests {
  /** Say so many texts, one call each, as fast as it goes. Resolves when the last is handed over. */
  sendAll: (count: number) => Promise<void>
  /** Say so many texts that bear the time, so many a second. */
  sendPaced: (count: number, perSecond: number) => Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: any actor that can do at least this.
type Can<R> = Actor<R & Record<string, (...args: any[]) => any>>

/** A pair of ends, one of which sends and the other of which receives. */
export interface Ends {
  readonly sender: Can<SendRequests>
  readonly receiver: Can<ReceiveRequests>
}

/** Carry so many texts. @returns the milliseconds until the receiver has the last. */
export async function carry({ sender, receiver }: Ends, count: number): Promise<number> {
  await receiver.ask('begin', count)
  const beganMs = sharedNowMs()
  const [endedMs] = await Promise.all([receiver.ask('done'), sender.ask('sendAll', count)])
  return endedMs - beganMs
}

/** Measure how long texts are under way at a steady rate. @returns the median and the 99th percentile, in µs. */
export async function delaysOf(
  { sender, receiver }: Ends,
  count: number,
  perSecond: number,
): Promise<[number, number]> {
  await receiver.ask('begin', count)
  await Promise.all([receiver.ask('done'), sender.ask('sendPaced', count, perSecond)])
  const delays = await receiver.ask('delays')
  return [quantile(delays, 0.5), quantile(delays, 0.99)]
}
