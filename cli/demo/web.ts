/**
 * `sotto demo --web`: alice and bob side by side on one page, above the messages that pass between them.
 *
 * @module
 */
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { send } from '../../clients/sender/send.ts'
import { readPageFiles, STAGE_PAGE } from '../../clients/web/server/page-files.ts'
import { startWebServer, type WebServer } from '../../clients/web/server/web-server.ts'
import { type WebOptions, web } from '../../clients/web/web.ts'
import { notice } from '../profile-command.ts'
import { freePort } from '../up/free-port.ts'
import { type DemoUser, setUpDemo } from './setup.ts'
import { OneLink } from './stage/one-link.ts'
import { Stage } from './stage/stage.ts'

const LOOPBACK = '127.0.0.1'

/** The two users, each with the one they talk with. */
const SIDES: readonly (readonly [self: DemoUser, other: DemoUser])[] = [
  ['alice', 'bob'],
  ['bob', 'alice'],
]

const HOUR_MS = 3_600_000

/** Whoever goes through it step by step takes their time. */
const PATIENT: Partial<ChannelTimes> = { pingAfterMs: HOUR_MS, silenceLimitMs: 3 * HOUR_MS, answerWithinMs: HOUR_MS }

/** How long alice tries again after a cut, in milliseconds. */
const REDIAL_MS = 10_000

/** Serve the pages until Ctrl-C. */
export async function runDemoWeb(): Promise<void> {
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())
  const report = (text: string) => notice(text, {})
  const { signal } = stop
  let home = ''
  const say = (text: string) => send({ ...quietly(home), profile: 'alice', to: 'bob', text, signal })
  const stage = resources.adopt(new Stage({ say }), (each) => each.close())
  const link = new OneLink()
  const server = resources.adopt(await serveStage(stage, link), (each) => each.close())
  const origin = `http://${LOOPBACK}:${server.port}`
  ;({ home } = await setUpDemo(resources, { notice: report, trace: stage.story.of(undefined), signal }))
  // Whoever waits for "next" would keep the others from ending.
  signal.addEventListener('abort', () => stage.close(), { once: true })
  const served = await Promise.all(
    SIDES.map(async ([self, other]) => {
      const port = await freePort()
      const reached = await stage.network.leadTo(port, { caller: other, callee: self })
      return await serve(self, {
        home,
        profile: self,
        to: other,
        clock: systemClock,
        port: undefined,
        hostNames: [],
        open: false,
        listen: { address: LOOPBACK, port },
        advertise: [{ address: LOOPBACK, port: reached }],
        downloads: join(home, `from-${other}`),
        trace: stage.story.of(self),
        framedBy: origin,
        channelTimes: PATIENT,
        notice: (text) => report(`${self}: ${text}`),
        signal,
      })
    }),
  )
  stage.show(served.map(({ name, links: [, framed = ''] }) => ({ name, link: framed })))
  report('open the first link: both of them, above what passes; or each on a page of their own; Ctrl-C ends all of it')
  process.stdout.write(`both   ${origin}/#${link.token}\n`)
  for (const { name, links } of served) process.stdout.write(`${name.padEnd(6)} ${links[0]}\n`)
  await Promise.all(served.map(({ done }) => done))
}

function serveStage(stage: Stage, link: OneLink): Promise<WebServer> {
  return startWebServer({
    access: link,
    calls: stage,
    page: readPageFiles(STAGE_PAGE),
    port: 0,
    mayMove: true,
    hostNames: [],
    frames: () => stage.origins,
    onSignedIn() {},
  })
}

/** Serve the page of one of them. @returns two links to it, and when it ends. */
async function serve(name: DemoUser, options: Omit<WebOptions, 'onLink'>) {
  const first = Promise.withResolvers<string>()
  const done = web({ ...options, onLink: first.resolve })
  done.catch(first.reject)
  const links = [await first.promise]
  // Said again, it gives another link.
  await web({ ...options, onLink: (link) => links.push(link) })
  return { name, links, done }
}

/** How alice says something by herself: nobody reads along. */
function quietly(home: string) {
  return {
    home,
    output: new PassThrough().resume(),
    errors: new PassThrough().resume(),
    input: Readable.from([]),
    interactive: false,
    json: false,
    trace: false,
    clock: systemClock,
    channelTimes: PATIENT,
    redialMs: REDIAL_MS,
  }
}
