/**
 * The formats in which kept messages are written.
 *
 * - For a person, `2026-11-22 14:02  bob: text`, with the time of writing by the writer's clock; where it arrived more
 *   than a minute apart from that, `2026-11-20 14:02  bob (arrived 2026-11-23 09:01): text`. Control characters are
 *   escapes wherever it goes, since a pipe may lead to a terminal. Line breaks are kept: what follows one stands indented
 *   behind a gutter, so that a line of one text cannot pass for another entry.
 * - As JSON, a line for each: `{"type":"message","contact":…,"from":…,"id":…,"writtenAt":…,"storedAt":…,"state":…,"text":…}`.
 *
 * A message that waits for a key which the contact no longer has says so; as JSON it has `"undeliverable":true`.
 *
 * An offer of files, and what has become of one, is a line of its own kind: `bob, file: report.pdf, 3.4 MB`. As JSON it has
 * what {@link eventFields} gives in place of the text.
 *
 * Where messages are missing, a line says so in each of them; as JSON it is `{"type":"gap","contact":…}`.
 *
 * @module
 */

import { styleText } from 'node:util'
import { eventFields } from '../command/event-fields.ts'
import { type Gap, type Message, writtenAtOf } from '../store/reading/messages.ts'
import { arrivalNote, type Calendar, createCalendar } from '../terminal/calendar.ts'
import { columnsOf } from '../terminal/cluster.ts'
import { escapeForTerminal } from '../terminal/escape.ts'
import { behindGutter } from '../terminal/gutter.ts'
import { jsonLine } from '../terminal/json-lines.ts'
import type { OutputStream } from '../terminal/output-stream.ts'
import { EventWords } from './event-words.ts'

/** Writes one entry after the other; some forms depend on the entry before. */
export type Format = (entry: Message | Gap) => Uint8Array

/** The text in the place of missing messages. */
export const GAP_TEXT = 'messages are missing here: the store was changed from outside'

/** Tells a message that waits for a key which its contact no longer has, as far as is known. */
export type IsUndeliverable = (message: Message) => boolean

/** The note behind a message that has not arrived, with its leading space; empty for all others. */
export function pendingOf(message: Message, isUndeliverable: IsUndeliverable): string {
  const { state } = message
  if (state === 'dropped') return ' (dropped)'
  if (state !== 'waiting' && state !== 'sent' && state !== 'posted') return ''
  return isUndeliverable(message) ? ' (waiting for a former key)' : ` (${state})`
}

/** What is to be said of when a message arrived; nothing of one's own. */
export function arrivalOf(message: Message, calendar: Calendar): string {
  return message.direction === 'outgoing' ? '' : arrivalNote(calendar, writtenAtOf(message), message.storedAt)
}

/** Lines for a person. What begins at the left edge is the beginning of an entry, whatever its text is. */
export function lineFormat(ownName: string, output: OutputStream, isUndeliverable: IsUndeliverable): Format {
  const calendar = createCalendar()
  const isTerminal = output.isTTY === true
  const words = new EventWords()
  return (entry) => {
    if (entry.kind === 'gap') return Buffer.from(`(${entry.contact}: ${GAP_TEXT})\n`)
    const { contact, direction, event, isLetter } = entry
    const { label, text } = words.of(event)
    const to = `${ownName} → ${contact}${pendingOf(entry, isUndeliverable)}`
    const from = direction === 'outgoing' ? to : `${contact}${isLetter ? ' (by letter)' : ''}`
    const who = `${from}${arrivalOf(entry, calendar)}${label === undefined ? '' : `, ${label}`}:`
    const name = isTerminal ? styleText('bold', who, { stream: output }) : who
    const stamp = calendar.stampOf(writtenAtOf(entry))
    const lines = text.split(/\r\n|[\n\r]/).map((line) => escapeForTerminal(line))
    const rows = behindGutter(lines, { head: columnsOf(`${stamp}  ${who} `), indent: INDENT, output })
    return Buffer.from(`${stamp}  ${name} ${rows}\n`)
  }
}

/** The indent of each further row of a text: as wide as the time of writing and the spaces behind it. */
const INDENT = 18

/** JSON lines. */
export function jsonFormat(ownName: string, isUndeliverable: IsUndeliverable): Format {
  return (entry) => {
    const undeliverable = entry.kind === 'message' && isUndeliverable(entry)
    return jsonLine({ ...jsonFields(entry, ownName), ...(undeliverable && { undeliverable }) })
  }
}

/** The JSON fields of a kept message. */
export function jsonFields(entry: Message | Gap, ownName: string): object {
  const { contact } = entry
  if (entry.kind === 'gap') return { type: 'gap', contact }
  const { direction, event, storedAt, state, isLetter } = entry
  const { type, ...fields } = eventFields(event)
  return {
    type,
    contact,
    from: direction === 'outgoing' ? ownName : contact,
    id: event.eventId.toString('hex'),
    writtenAt: event.writtenAt?.toJSON(),
    storedAt: storedAt.toJSON(),
    state,
    ...(isLetter && { letter: true }),
    ...fields,
  }
}
