/**
 * The row above the input: who one is, whom one talks with, who else has written, is typing, is online.
 *
 *     alice | bob is typing | carol: 3 new | dave is typing | online: erin, frank
 *
 * @module
 */

import { columnsOf, truncated } from '../../terminal/cluster.ts'
import { escapeForTerminal } from '../../terminal/escape.ts'
import type { Contact, Status } from './entry.ts'
import type { View } from './render-entry.ts'
import { paintIn } from './theme.ts'

/** How many that have written fit beside the rest in most rows. */
const MOST_NAMED = 3

/** The status as one row, cut if it does not fit. */
export function renderStatus(status: Status, { columns, colour }: View): string {
  const others = status.contacts.filter(({ name }) => name !== status.to)
  const quiet = others.filter(({ online, unread, typing }) => online && unread === 0 && !typing)
  const parts = [
    ...(status.banner === undefined ? [] : [status.banner]),
    ...(status.to === undefined ? ['/to NAME says whom to talk with'] : [describe(status.to, status.contacts)]),
    ...unreadParts(others),
    ...others.filter(({ typing }) => typing).map(({ name }) => `${name} is typing`),
    ...(quiet.length > 0 ? [`online: ${quiet.map(({ name }) => name).join(', ')}`] : []),
  ]
  const row = escapeForTerminal(parts.join(' | '))
  // Who one is changes never, and gives way to all that does.
  const named = status.self === undefined ? row : `${escapeForTerminal(status.self)} | ${row}`
  return paintIn(colour)('faint', columnsOf(named) <= columns ? named : truncated(row, columns))
}

/** Who else has written: how many they are first, where they are more than a row may have room for. */
function unreadParts(others: readonly Contact[]): string[] {
  const unread = others.filter((contact) => contact.unread > 0)
  const parts = unread.map((contact) => `${contact.name}: ${contact.unread} new`)
  return parts.length > MOST_NAMED ? [`${parts.length} have written: Alt-A`, ...parts] : parts
}

/** The one that is written to. */
function describe(name: string, contacts: readonly Contact[]): string {
  const contact = contacts.find((candidate) => candidate.name === name)
  if (contact?.typing) return `${name} is typing`
  const way = contact?.route === 'relay' ? ', through the relay' : ''
  return `${name} is ${contact?.online ? 'online' : 'offline'}${way}`
}
