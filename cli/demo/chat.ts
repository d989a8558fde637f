/**
 * `sotto demo` on a terminal: a chat, with alice on one side of the window and bob on the other.
 *
 * @module
 */
import { systemClock } from '#lib/runtime/clock.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { chat } from '../../clients/chat/chat.ts'
import { DEFAULT_DOWNLOADS } from '../../clients/command/file-flags.ts'
import { traceTo } from '../../clients/trace/render.ts'
import { notice } from '../profile-command.ts'
import { type Desk, SharedTerminal } from '../shared-terminal.ts'
import { type DemoUser, setUpDemo } from './setup.ts'

/** The two users, each with the one they talk with. */
const SIDES: readonly (readonly [self: DemoUser, other: DemoUser])[] = [
  ['alice', 'bob'],
  ['bob', 'alice'],
]

/**
 * Run it until somebody leaves.
 *
 * @param showsTrace - Whether the five messages are shown as they happen.
 */
export async function runDemoChat(showsTrace: boolean): Promise<void> {
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())
  const trace = showsTrace ? traceTo(process.stdout, { json: false }) : undefined
  const { home } = await setUpDemo(resources, { notice: (text) => notice(text, {}), trace, signal: stop.signal })

  const left = new AbortController()
  const signal = AbortSignal.any([stop.signal, left.signal])
  const terminal = resources.adopt(new SharedTerminal(process.stdin, process.stdout), (shared) => shared.close())
  const sit = ([self, other]: (typeof SIDES)[number], { input, output }: Desk) =>
    chat({
      home,
      profile: self,
      to: other,
      input,
      output,
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      bell: false,
      downloads: DEFAULT_DOWNLOADS,
      trace: showsTrace,
      welcome: welcomeOf(other, showsTrace),
      banner: `you are ${self}; Ctrl-O makes you ${other}`,
      clock: systemClock,
      signal,
    })
  const chats = SIDES.map((side) => sit(side, terminal.desk()).finally(() => left.abort()))
  const ends = await Promise.allSettled(chats)
  // One of them leaves, and the other's chat is ended for it.
  for (const end of ends) if (end.status === 'rejected' && end.reason !== left.signal.reason) throw end.reason
}

function welcomeOf(other: DemoUser, showsTrace: boolean): string {
  const what = showsTrace ? 'each step of it is shown here as it happens' : 'Ctrl-O shows how it comes there'
  return `say something to ${other}; ${what}`
}
