/**
 * `sotto demo --away`: two people who are never online together. bob was here once and goes; alice writes and goes; bob
 * comes, finds the letter, and leaves one that says so. Both run in this process, one after the other.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { systemClock } from '#lib/runtime/clock.ts'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { receive } from '../../clients/receiver/receive.ts'
import { send } from '../../clients/sender/send.ts'
import { traceTo } from '../../clients/trace/render.ts'
import type { TraceEvent } from '../../clients/trace/trace.ts'
import { openMailbox } from '../account/open-mailbox.ts'
import { notice } from '../profile-command.ts'
import { setUpDemo } from './setup.ts'
import { Story } from './story.ts'
import { writeStory } from './story-file.ts'

export interface DemoAwayOptions {
  /** Whether to draw the messages as they happen. */
  readonly draws: boolean
  readonly json: boolean
  /** Where to write them as a page to look into, if anywhere. */
  readonly file: string | undefined
  /** Whether secrets stand whole in the file. */
  readonly reveals: boolean
}

/** What alice writes where nothing is piped in. */
const FIRST_WORDS = 'See you at eight?'

/** How long alice tries again after a cut, in milliseconds. */
const REDIAL_MS = 10_000

/** @throws SottoError what a step of it fails with. */
export async function runDemoAway({ draws, json, file, reveals }: DemoAwayOptions): Promise<void> {
  const stop = listenForStop()
  await using resources = new AsyncDisposableStack()
  resources.defer(() => stop.dispose())
  const tell = (text: string) => notice(text, { json })
  const story = new Story({ reveals, draw: draws ? traceTo(process.stderr, { json }) : undefined })
  const trace = story.of(undefined)
  const { home } = await setUpDemo(resources, { notice: tell, trace, signal: stop.signal, hasRelay: true })
  const common = {
    home,
    output: process.stdout,
    errors: process.stderr,
    interactive: false,
    json,
    clock: systemClock,
    channelTimes: {},
    redialMs: REDIAL_MS,
    signal: stop.signal,
  }

  /** Have bob be online until something has happened. */
  async function visit(until: (event: TraceEvent) => boolean): Promise<void> {
    const done = new AbortController()
    const happened = Promise.withResolvers<void>()
    const watched = (event: TraceEvent) => {
      trace(event)
      if (until(event)) happened.resolve()
    }
    const receiving = receive({
      ...common,
      profile: 'bob',
      trace: watched,
      input: Readable.from([]),
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      logLevel: 'silent',
      onReady: () => {},
      signal: AbortSignal.any([stop.signal, done.signal]),
    })
    receiving.catch(happened.reject)
    await happened.promise
    done.abort()
    await receiving.catch((error: unknown) => {
      if (error !== done.signal.reason) throw error
    })
  }

  // As sotto join does: bob's answer is left there.
  await openMailbox(await Profile.open(home, 'alice'), stop.signal)
  tell('bob comes, puts down prekeys at the mailbox, and goes')
  await visit(({ message }) => message === 'PutPrekeysRequest')
  tell('alice writes to bob, who is away, and goes')
  const input = process.stdin.isTTY ? Readable.from([Buffer.from(`${FIRST_WORDS}\n`)]) : process.stdin
  await send({ ...common, profile: 'alice', to: 'bob', text: undefined, plainInput: true, trace, input })
  tell('alice is gone; bob comes, finds what lies in the mailbox, and leaves alice a letter that says so')
  await visit(({ message }) => message === 'CollectResponse')
  if (file === undefined) return
  await writeStory(file, story, { title: 'Sotto: a letter', about: ABOUT })
  tell(`wrote ${file}; open it in a browser`)
}

const ABOUT =
  'A run of sotto demo --away: bob puts down prekeys and goes, alice writes to bob and goes, bob comes, finds the letter, and leaves one that says that it is stored.'
