/**
 * `sotto demo --html`: a conversation of alice and bob, written as a page to look into. Both people run in this process, so
 * that their messages, and with --reveal their secrets, go nowhere but into that file.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { systemClock } from '#lib/runtime/clock.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { receive } from '../../clients/receiver/receive.ts'
import { send } from '../../clients/sender/send.ts'
import { traceTo } from '../../clients/trace/render.ts'
import { notice } from '../profile-command.ts'
import { freePort } from '../up/free-port.ts'
import { Network } from './network/network.ts'
import type { Tampering } from './network/tamperings.ts'
import { setUpDemo } from './setup.ts'
import { Story } from './story.ts'
import { writeStory } from './story-file.ts'

export interface DemoFileOptions {
  readonly file: string
  /** Whether to draw the messages as they happen, too. */
  readonly draws: boolean
  /** Whether secrets stand whole in the file. */
  readonly reveal: boolean
  /** What the network does to alice's first call. */
  readonly tampering: Tampering | undefined
}

/** What alice says where nothing is piped in. */
const FIRST_WORDS = 'See you at eight?'

/** How long alice tries again after a cut, in milliseconds. */
const REDIAL_MS = 10_000

const LOOPBACK = '127.0.0.1'

/** @throws SottoError `ERR_OUTPUT` if the file cannot be written; what the conversation fails with. */
export async function runDemoToFile({ file, draws, reveal, tampering }: DemoFileOptions): Promise<void> {
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())
  const tell = (text: string) => notice(text, {})
  const story = new Story({ reveals: reveal, draw: draws ? traceTo(process.stderr, { json: false }) : undefined })
  const { home } = await setUpDemo(resources, { notice: tell, trace: story.of(undefined), signal: stop.signal })
  // The network must know it before bob says it.
  const port = tampering ? await freePort() : 0
  const network = resources.adopt(new Network({ notice: tell }), (each) => each.close())
  if (tampering) network.tamper(tampering)
  const reached = tampering && (await network.leadTo(port, { caller: 'alice', callee: 'bob' }))

  const common = {
    home,
    output: process.stdout,
    errors: process.stderr,
    interactive: false,
    json: false,
    clock: systemClock,
    channelTimes: {},
    redialMs: REDIAL_MS,
  }
  const done = new AbortController()
  const signal = AbortSignal.any([stop.signal, done.signal])
  const ready = Promise.withResolvers<void>()
  const receiving = receive({
    ...common,
    profile: 'bob',
    trace: story.of('bob'),
    input: Readable.from([]),
    listen: { address: LOOPBACK, port },
    advertise: reached === undefined ? [] : [{ address: LOOPBACK, port: reached }],
    logLevel: 'silent',
    onReady: () => ready.resolve(),
    signal,
  })
  receiving.catch(ready.reject)
  await ready.promise
  const isPiped = process.stdin.isTTY !== true
  const input = isPiped ? process.stdin : Readable.from([`${FIRST_WORDS}\n`])
  await send({ ...common, profile: 'alice', to: 'bob', text: undefined, trace: story.of('alice'), input, signal })
  done.abort()
  await receiving.catch((error: unknown) => {
    if (error !== done.signal.reason) throw error
  })
  await writeStory(file, story, { title: 'Sotto: the five messages', about: aboutOf(reveal, tampering) })
  tell(`wrote ${file}; open it in a browser`)
}

function aboutOf(reveal: boolean, tampering: Tampering | undefined): string {
  const what = 'A run of sotto demo: alice and bob sign in, alice asks for bob, and talks to him directly.'
  const whole = reveal
    ? ' Secrets are shown whole, for their keys are thrown away.'
    : ' Secrets are shown as fingerprints.'
  return `${what}${tampering ? ` ${TAMPERED[tampering]}` : ''}${whole}`
}

const TAMPERED: Readonly<Record<Tampering, string>> = {
  flip: 'The network flips one bit of the ticket in the first Hello.',
  replay: 'The network sends the whole first call once more.',
  swap: 'The network puts the ticket of the first call into the second.',
}
