/**
 * `sotto demo --web`: alice and bob, each on a page of their own.
 *
 * @module
 */
import { join } from 'node:path'
import { systemClock } from '#lib/runtime/clock.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { web } from '../../clients/web/web.ts'
import { notice } from '../profile-command.ts'
import { type DemoUser, setUpDemo } from './setup.ts'

/** The two users, each with the one they talk with. */
const SIDES: readonly (readonly [self: DemoUser, other: DemoUser])[] = [
  ['alice', 'bob'],
  ['bob', 'alice'],
]

/** Serve both pages until Ctrl-C. */
export async function runDemoWeb(): Promise<void> {
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())
  const report = (text: string) => notice(text, {})
  const { home } = await setUpDemo(resources, { notice: report, trace: undefined, signal: stop.signal })
  report('open both links, side by side; each lets in one browser; Ctrl-C ends all of it')
  const pages = SIDES.map(([self, other]) =>
    web({
      home,
      profile: self,
      to: other,
      clock: systemClock,
      port: undefined,
      hostNames: [],
      open: false,
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      downloads: join(home, `from-${other}`),
      onLink: (link) => void process.stdout.write(`${self}  ${link}\n`),
      notice: (text) => report(`${self}: ${text}`),
      signal: stop.signal,
    }),
  )
  await Promise.all(pages)
}
