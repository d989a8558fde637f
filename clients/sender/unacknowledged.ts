/**
 * What a `sotto send` says of messages and files that have not arrived when it ends.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Wait } from './wait.ts'

/** The notice of messages that wait in the store when a send ends. */
export const THEY_WAIT =
  'do not send again what was not acknowledged: it waits, and goes with the next sotto chat, web, receive or send'

/** The notice of files that have not arrived. */
export const THEY_GO_ON = 'a sotto chat, web or receive goes on with it, and so does the same command'

/** The error that nothing has moved for long. */
export function notAcknowledged(count: number, files: number): SottoError {
  if (count === 0) {
    const what = files === 1 ? 'one file has' : `${files} files have`
    return new SottoError('ERR_NOT_ACKNOWLEDGED', `${what} not arrived yet`, { hint: THEY_GO_ON })
  }
  return new SottoError('ERR_NOT_ACKNOWLEDGED', `${messagesAre(count)} not acknowledged yet`, { hint: THEY_WAIT })
}

/**
 * The error that not all could be left at the mailbox of somebody who is away.
 *
 * @param cause - What posting failed with; undefined if the next message is too large for a letter.
 */
export function notPosted(name: string, count: number, cause: SottoError | undefined): SottoError {
  const what = count === 0 ? 'the offer is' : messagesAre(count)
  return new SottoError('ERR_NOT_ACKNOWLEDGED', `${what} not in ${name}’s mailbox: ${whyNotPosted(cause)}`, {
    cause,
    hint: THEY_WAIT,
  })
}

/** The notice that nothing can be left at somebody's mailbox now, and why, as {@link notPosted} says it. */
export function nothingLeft(name: string, cause: SottoError | undefined): string {
  return `nothing more goes into ${name}’s mailbox: ${whyNotPosted(cause)}`
}

/** The notice of so many messages that lie in somebody's mailbox. */
export function leftInMailbox(name: string, count: number): string {
  const [stay, them] = count === 1 ? ['stays', 'it'] : ['stay', 'them']
  return `${name} is away: ${messagesAre(count)} in their mailbox, for 14 days at most, and ${stay} here until they have ${them}`
}

function whyNotPosted(cause: SottoError | undefined): string {
  if (cause === undefined) return 'a letter takes 60 KiB, and nothing behind what is larger'
  return cause.code === 'ERR_BUSY' ? 'there is no room for more' : cause.message
}

/** The time is over that was given. */
export function notInTime(wait: Wait, count: number, files: number): SottoError {
  if (wait !== 'read' || count === 0) return notAcknowledged(count, files)
  return new SottoError('ERR_NOT_ACKNOWLEDGED', `${messagesAre(count)} not read, as far as the other side tells`, {
    hint: 'the other side tells it only where its user allows it',
  })
}

/** The time is over, and the other side was not reached: nothing is kept for it. */
export function notReached(name: string): SottoError {
  return new SottoError('ERR_NOT_ACKNOWLEDGED', `${name} was not reached in time`, {
    hint: 'nothing was sent or kept; give it more time, or add --queue to let it wait',
  })
}

/** So many messages, with the verb. */
function messagesAre(count: number): string {
  return count === 1 ? 'one message is' : `${count} messages are`
}
