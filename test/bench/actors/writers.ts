/**
 * People in one process who are never online, as an actor: they write letters to each other and collect them, with the
 * profile, the store and the code that a `sotto chat` has.
 *
 *     writers.ts HOME PROFILE…
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { openSession } from '../../../clients/command/open-session.ts'
import { collectLetters } from '../../../clients/letters/collect-letters.ts'
import { keepPrekeys } from '../../../clients/letters/put-prekeys.ts'
import { Letters } from '../../../clients/messenger/letters.ts'
import { connectMailbox } from '../../../clients/messenger/mailbox/connect-mailbox.ts'
import { StreamsByKey } from '../../../clients/messenger/streams-by-key.ts'
import { drawEventId } from '../../../clients/peer/event-ids.ts'
import { mayReceive, mayWrite } from '../../../clients/profile/permission.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import type { Requests } from '../framework/actor.ts'
import { TEXT } from '../framework/arrivals.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface WritersRequests extends Requests {
  /** See that there are prekeys for others to take. */
  prepare: () => Promise<void>
  /**
   * Everybody posts so many letters of a text each, to these names in turn, the first of them beginning with the one at
   * this place: the milliseconds until the last is posted. A text to each is there at a time, as if all had just gone.
   */
  post: (letters: number, names: readonly string[], first: number) => Promise<number>
  /** Everybody collects what there is: the milliseconds, and how many texts came. */
  collect: () => Promise<{ readonly ms: number; readonly texts: number }>
}

interface Writer {
  prepare(): Promise<void>
  /** Have a text for each of these people, and post them, a letter each. */
  post(names: readonly string[]): Promise<void>
  collect(): Promise<number>
  close(): void
}

const [home = '', ...names] = process.argv.slice(2)
const { signal } = new AbortController()

async function open(name: string): Promise<Writer> {
  const { profile, clock, connect } = await openSession({ home, profile: name, clock: systemClock })
  const { folder, key } = profile.storage
  const store = openStore(folder, { profileKey: key, clock: systemClock })
  const directory = connect(undefined)
  const mailbox = connectMailbox(profile)
  if (mailbox === undefined) throw new Error('there are no mailboxes')
  const streamsByKey = new StreamsByKey({
    store,
    onProgress() {},
    sendsReceipts: () => false,
    permit: (from, identityKey) => mayReceive(profile, from, identityKey),
  })
  const fail = (error: Error) => {
    throw error
  }
  const common = {
    ...{ profile, directory, mailbox, clock, store, signal },
    onPinned() {},
    onKeyChanged() {},
  }
  /** Those to whom something is to be posted. */
  const awaited = new Map<string, () => void>()
  const letters = new Letters({
    ...common,
    streamsByKey,
    isOnline: () => false,
    awayMs: 0,
    postsLast: false,
    attempt: (work) => void work(),
    deliver() {},
    onProgress: (to) => awaited.get(to)?.(),
    onTooLarge: (to) => fail(new Error(`what is for ${to} is too large`)),
    onRefused: (_to, error) => fail(error),
  })
  return {
    async prepare() {
      const { sessionId } = profile.login.session
      await keepPrekeys({ mailbox, store, sessionId, nowMs: Date.now(), random: randomBytes, signal })
    },
    async post(names) {
      const posted = names.map((to) => new Promise<void>((resolve) => awaited.set(to, resolve)))
      for (const to of names) {
        const identityKey = profile.state.pins.get(to)?.identityKey
        const event = encodeTextEvent({ eventId: drawEventId(), writtenAt: new Date(), body: TEXT })
        streamsByKey.with(to, identityKey).append(await mayWrite(profile, to), [event])
      }
      for (const to of names) letters.consider(to)
      await Promise.all(posted)
    },
    async collect() {
      let texts = 0
      await collectLetters({
        ...common,
        messageLogFor: (from, identityKey) => streamsByKey.with(from, identityKey).messageLog,
        deliver: (_from, events) => {
          texts += events.length
        },
        onProgress() {},
        onRefused: fail,
      })
      return texts
    },
    close() {
      mailbox.close()
      directory.close()
      store.close()
    },
  }
}

const writers = await Promise.all(names.map(open))

const requests: WritersRequests = {
  async prepare() {
    for (const writer of writers) await writer.prepare()
  },
  async post(letters, to, first) {
    const beganMs = performance.now()
    const postAll = async (writer: Writer, index: number) => {
      // Nobody begins with the receiver of another one.
      const all = Array.from({ length: letters }, (_, number) => to[(first + index + number) % to.length] ?? '')
      for (let posted = 0; posted < letters; posted += to.length) {
        await writer.post(all.slice(posted, posted + to.length))
      }
    }
    await Promise.all(writers.map(postAll))
    return performance.now() - beganMs
  },
  async collect() {
    const beganMs = performance.now()
    const texts = await Promise.all(writers.map((writer) => writer.collect()))
    return { ms: performance.now() - beganMs, texts: texts.reduce((sum, each) => sum + each, 0) }
  },
}

serveActor(requests, () => {
  for (const writer of writers) writer.close()
})
