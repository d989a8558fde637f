/**
 * Conversations as a Markdown document: a heading for each conversation and each day, and every message as a quotation.
 * Events that are no messages follow the name of their kind, as *file*.
 *
 * What a message says is shown and never rendered: no text can forge a heading, another message, an image, or a link that
 * leads elsewhere than it says. GitHub makes links of mail addresses, and mentions of `@name`, after it has read all escapes:
 * nothing keeps it from these. Control characters are escapes, wherever the document goes; the exact bytes are in the JSON.
 *
 * @module
 */

import { writtenAtOf } from '../store/reading/messages.ts'
import { createCalendar } from '../terminal/calendar.ts'
import { escapeForTerminal } from '../terminal/escape.ts'
import { EventWords } from './event-words.ts'
import { arrivalOf, type Format, GAP_TEXT, type IsUndeliverable, pendingOf } from './formats.ts'

/**
 * Every sign that CommonMark 0.31 or GitHub's dialect makes something of in the middle of a line; of the addresses of pages,
 * which GitHub makes links of, what it knows them by: within such a link it would show the escapes of the other signs.
 */
const ACTIVE = /[\\`*_[\]<>&#|~$]|:(?=\/\/)|(?<=www)\./gi

/** The signs that they give a meaning at the beginning of a line: lists and underlined headings. */
const ACTIVE_AT_START = /^(\d*)([-+=.)])/

const TAB_WIDTH = 4

/** Spaces that the document keeps, and that begin no block of code. */
const KEPT_SPACE = '&nbsp;'

/** A format for the messages of one conversation after the other. */
export function markdownFormat(ownName: string, isUndeliverable: IsUndeliverable): Format {
  const calendar = createCalendar()
  let conversation: string | undefined
  let day: string | undefined
  const words = new EventWords()
  const headings = (contact: string, newDay: string | undefined): string => {
    const isNew = contact !== conversation
    const knownDay = isNew ? undefined : day
    conversation = contact
    day = newDay ?? knownDay
    return (isNew ? `# ${escapeMarkdown(contact)}\n\n` : '') + (day === knownDay ? '' : `## ${day}\n\n`)
  }
  return (entry) => {
    const { contact } = entry
    if (entry.kind === 'gap') return Buffer.from(`${headings(contact, undefined)}*(${GAP_TEXT})*\n\n`)
    const writtenAt = writtenAtOf(entry)
    const heading = headings(contact, calendar.dayOf(writtenAt))
    const author = escapeMarkdown(entry.direction === 'outgoing' ? ownName : contact)
    const way = entry.isLetter ? ' (by letter)' : ''
    const when = `${calendar.timeOf(writtenAt)}${way}${arrivalOf(entry, calendar)}`
    const line = `**${author}** ${when}${pendingOf(entry, isUndeliverable)}`
    const { label, text } = words.of(entry.event)
    const quotation = label === undefined ? quotationOf(text) : `> *${label}* ${escapeMarkdown(text)}`
    return Buffer.from(`${heading}${line}\n\n${quotation}\n\n`)
  }
}

/** Two spaces at the end of a line keep its end. */
function quotationOf(text: string): string {
  const lines = text.split(/\r\n|\r|\n/)
  return lines.map((line) => `> ${quotedLine(line)}`.trimEnd()).join('  \n')
}

function quotedLine(line: string): string {
  const text = escapeForTerminal(line.replaceAll('\t', ' '.repeat(TAB_WIDTH)))
  const start = text.search(/[^ ]/)
  return start === -1 ? '' : KEPT_SPACE.repeat(start) + escapeMarkdown(text.slice(start))
}

function escapeMarkdown(text: string): string {
  return text.replace(ACTIVE, '\\$&').replace(ACTIVE_AT_START, '$1\\$2')
}
