/**
 * How far what was sent to a key was posted by letter (docs/protocol.md, section 13.8).
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import { type OutgoingState, type PostedMark, waitingCount } from '../rows/contact-state.ts'

/**
 * The ordinal up to which events are posted now: no less than what is acknowledged. What was posted waits again once the
 * letters can no longer be opened, or the stream has another id.
 *
 * @param sessionId - The receiver's session now, where it is known: letters for another are opened by nobody.
 */
export function postedThrough(
  { posted, streamId, acknowledged, appended }: OutgoingState,
  nowMs: number,
  sessionId?: Uint8Array,
): number {
  if (posted === undefined || nowMs > posted.untilMs || !isSame(posted.streamId, streamId)) return acknowledged
  if (sessionId !== undefined && !isSame(posted.sessionId, sessionId)) return acknowledged
  return Math.min(Math.max(posted.through, acknowledged), appended)
}

/** How many of the events that wait for their acknowledgement are posted now. */
export function postedCount(outgoing: OutgoingState, nowMs: number): number {
  const behind = { ...outgoing, acknowledged: postedThrough(outgoing, nowMs) }
  return waitingCount(outgoing) - waitingCount(behind)
}

/** The state once a letter was posted. @param mark - Of this letter. */
export function withPosted(outgoing: OutgoingState, mark: PostedMark, nowMs: number): OutgoingState {
  // Where others are on their way, it counts for as long as the first of them.
  const isFirst = postedThrough(outgoing, nowMs, mark.sessionId) <= outgoing.acknowledged
  const untilMs = isFirst ? mark.untilMs : Math.min(mark.untilMs, outgoing.posted?.untilMs ?? mark.untilMs)
  return { ...outgoing, posted: { ...mark, untilMs } }
}
