/**
 * What waits for keys that contacts no longer have, for commands: it is listed, dropped, or sent again to the key that a
 * contact has now. Nothing of it goes to that key without the user's word.
 *
 * @module
 */
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import { SottoError } from '#lib/errors.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import { SHORT_ID_DIGITS } from '../files/report/file-events.ts'
import type { ProfileState } from '../profile/state.ts'
import type { Message } from '../store/reading/messages.ts'
import type { Store } from '../store/store.ts'
import { createCalendar } from '../terminal/calendar.ts'
import { escapeForTerminal } from '../terminal/escape.ts'
import { EventWords } from './event-words.ts'

/** All of it, by contact; of each the oldest first. */
export function undeliverableMessages(store: Store, { pins }: Pick<ProfileState, 'pins'>): Message[] {
  return [...pins].flatMap(([name, { identityKey }]) => store.undeliverable(name, identityKey))
}

const calendar = createCalendar()

/** `9b1f6a0d  to bob  2026-11-22 14:02  See you?`. Safe for a terminal, and a line whatever the text is. */
export function undeliverableRow(message: Message): string {
  const { contact, event, storedAt } = message
  const { label, text } = new EventWords().of(event)
  const what = `${label === undefined ? '' : `${label}: `}${escapeForTerminal(text)}`
  return `${idOf(message).slice(0, SHORT_ID_DIGITS)}  to ${contact}  ${calendar.stampOf(storedAt)}  ${what}`
}

function idOf({ event }: Message): string {
  return event.eventId.toString('hex')
}

/**
 * The messages whose ids begin with these digits, each once, in the order in which they were written; `all` for all.
 *
 * @throws SottoError `ERR_USAGE` that names all that name none, or several.
 */
export function undeliverableWithIds(messages: readonly Message[], typed: readonly string[]): Message[] {
  const hint = 'sotto undeliverable shows them with their ids, and so does /undeliverable in a chat'
  if (typed.length === 1 && typed[0] === 'all' && messages.length > 0) return [...messages]
  const withDigits = (digits: string) => messages.filter((each) => idOf(each).startsWith(digits.toLowerCase()))
  const unknown = typed.filter((digits) => withDigits(digits).length === 0)
  if (unknown.length > 0)
    throw new SottoError('ERR_USAGE', `no undeliverable message has the id ${shown(unknown)}`, { hint })
  const ambiguous = typed.filter((digits) => withDigits(digits).length > 1)
  if (ambiguous.length > 0) {
    throw new SottoError('ERR_USAGE', `several messages have an id that begins with ${shown(ambiguous)}`, { hint })
  }
  const wanted = new Set(typed.flatMap(withDigits))
  return messages.filter((each) => wanted.has(each))
}

function shown(words: readonly string[]): string {
  return words.map(escapeForTerminal).join(', ')
}

/**
 * Drop messages: they go to nobody.
 *
 * @throws SottoError `ERR_USAGE` if one of a contact's waits no longer: then nothing of that contact is dropped;
 *   `ERR_STORE`.
 */
export function dropMessages(store: Store, { pins }: Pick<ProfileState, 'pins'>, messages: readonly Message[]): void {
  for (const [name, theirs] of Map.groupBy(messages, ({ contact }) => contact)) {
    const pin = pins.get(name)
    if (pin === undefined || !store.drop(theirs, pin.identityKey)) throw waitsNoLonger()
  }
}

/**
 * Send messages again, to the keys that their contacts have now, as they were written. Whoever owns the conversations of
 * the profile takes them from the store.
 *
 * @param permit - Asks whether somebody may be written to now.
 * @throws SottoError before anything is done: `ERR_USAGE` for what is said of a file, and what `permit` throws; else
 *   `ERR_USAGE` if one of a contact's waits no longer, and `ERR_STORE`.
 */
export async function sendAgain(
  store: Store,
  permit: (name: string) => Promise<WritePermission>,
  messages: readonly Message[],
): Promise<void> {
  if (!messages.every(({ event }) => byKind(event, IS_SENT_AGAIN))) throw ofFile()
  const byContact = Map.groupBy(messages, ({ contact }) => contact)
  for (const name of byContact.keys()) await permit(name)
  for (const [name, theirs] of byContact) {
    const permission = await permit(name)
    const messageLog = store.messageLog(name, permission.identityKey)
    if (messageLog.appendAgain(permission, theirs) === undefined) throw waitsNoLonger()
  }
}

const IS_SENT_AGAIN: ByKind<boolean> = { text: () => true, fileOffer: () => false, fileStatus: () => false }

function ofFile(): SottoError {
  return new SottoError('ERR_USAGE', 'what is said of a file is not sent again', {
    hint: 'offer the file once more, and drop the former offer',
  })
}

function waitsNoLonger(): SottoError {
  return new SottoError('ERR_USAGE', 'one of them waits no longer', { hint: 'sotto undeliverable shows those that do' })
}
