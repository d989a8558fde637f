/**
 * A program with the real screen and nothing behind it: it receives orders over a local socket, as JSON lines, and
 * reports over the same socket what the user does.
 *
 *     node test/support/chat-program.ts SOCKET
 *
 * @module
 */
import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import { createScreen } from '../../clients/chat/screen/create-screen.ts'
import type { Entry, EntryChange, Status } from '../../clients/chat/screen/entry.ts'

/** An entry on its way to the program: its time as milliseconds of Unix time. */
export type SentEntry = Omit<Entry, 'time'> & { readonly timeMs: number }

/** An order of the test to the program. */
export type Order =
  | { readonly add: readonly SentEntry[]; readonly bell?: boolean }
  | { readonly change: EntryChange; readonly id: string }
  | { readonly status: Status }
  | { readonly newPage: true }

/** A report of the program to the test. */
export type Report = { readonly submitted: unknown } | { readonly opened: true }

const socket = createConnection(process.argv[2] ?? '')
const screen = createScreen({ input: process.stdin, output: process.stdout, timeZone: 'UTC' })
const report = (what: Report): void => void socket.write(`${JSON.stringify(what)}\n`)

screen.on('submit', (submitted) => report({ submitted }))
screen.on('leave', () => {
  screen.close()
  socket.end()
})

createInterface({ input: socket }).on('line', (line) => {
  const order = JSON.parse(line) as Order
  if ('add' in order) {
    for (const { timeMs, ...entry } of order.add) {
      screen.add({ ...entry, time: new Date(timeMs) }, { bell: order.bell ?? false })
    }
  } else if ('change' in order) screen.change(order.id, order.change)
  else if ('status' in order) screen.setStatus(order.status)
  else screen.newPage()
})
report({ opened: true })
