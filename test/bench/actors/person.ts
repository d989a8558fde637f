/**
 * A signed-in person as an actor: the messenger that `sotto chat` has, with its store, and the reader of what comes that
 * `sotto receive` has.
 *
 *     person.ts HOME PROFILE [PORT ADVERTISED,…]
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { systemClock } from '#lib/runtime/clock.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { giveBackMemoryAtRest } from '#lib/runtime/memory/give-back-memory.ts'
import { keepObjectsYoung } from '#lib/runtime/memory/young-objects.ts'
import { openSession } from '../../../clients/command/open-session.ts'
import { prepareOffer } from '../../../clients/files/offer/prepare-offer.ts'
import { Messenger } from '../../../clients/messenger/messenger.ts'
import { lockForReceiving } from '../../../clients/profile/process-locks.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import { UnreadFeed } from '../../../clients/store/reading/unread-feed.ts'
import { Arrivals, type ReceiveRequests, stampedText, TEXT } from '../framework/arrivals.ts'
import type { SendRequests } from '../framework/conversation.ts'
import { inFlight } from '../framework/in-flight.ts'
import { atPace } from '../framework/pace.ts'
import { serveActor, sharedNowMs } from '../framework/serve-actor.ts'

export interface PersonRequests extends ReceiveRequests, SendRequests {
  [request: string]: (...args: never[]) => unknown
  /** Write to this contact from now on. */
  writeTo: (contact: string) => void
  /** Say texts as fast as it goes, for so many milliseconds. */
  sendFor: (ms: number) => Promise<void>
  /** Resolves when all that was said is acknowledged, with the time. */
  acknowledged: () => Promise<number>
  /** Say texts and await the acknowledgement of each, so many at once: the milliseconds that each took. */
  sendAwaited: (count: number, width: number) => Promise<number[]>
  /** Open a conversation, say a text, await its acknowledgement, and close it: the milliseconds until acknowledged. */
  openAndSend: () => Promise<number>
  /** Offer a file or a folder, and await its receipt: the milliseconds from the first look at it. */
  sendFile: (path: string) => Promise<number>
  /** Bytes of memory that the process has. */
  memory: () => number
}

/** How many texts are handed over before a program looks whether they are kept, and how often it does so. */
const [BLOCK, BLOCKS_AHEAD] = [1_000, 4]

/** The same where it is to end at a time. */
const FLOOD_BLOCK = 50

const [home = '', profileName = '', port = '0', advertised = '', downloads = ''] = process.argv.slice(2)
const address = '127.0.0.1'
const { profile, account, clock, connect } = await openSession({ home, profile: profileName, clock: systemClock })
const lock = await lockForReceiving(profile)
const { folder, key } = profile.storage
const store = openStore(folder, { profileKey: key, clock: systemClock })
const directory = connect(undefined)
const arrivals = new Arrivals()
const online = Promise.withResolvers<void>()
const over = new AbortController()
let contact = ''

/** Those who wait for an acknowledgement, in the order of what they said. */
const waiting: { readonly ordinal: number; readonly resolve: () => void }[] = []

/** Files that are waited for, by id, and what was heard of them. */
let onFile = (_id: string, _state: string): void => {}

const messenger: Messenger = new Messenger({
  profile,
  account,
  clock,
  directory,
  store,
  events: {
    onReceived(name, events) {
      for (const { kind } of events) if (kind?.$case === 'text') arrivals.take(kind.value.body)
      feed.wake(name)
    },
    onProgress(_name, { delivered }) {
      while (waiting[0] !== undefined && waiting[0].ordinal <= delivered) waiting.shift()?.resolve()
    },
    onFile(transfer, error) {
      if (error !== undefined) process.stderr.write(`${error.stack}\n`)
      onFile(String(transfer.id), transfer.state)
    },
    onPresence() {},
    onOnline: () => online.resolve(),
    onOffline() {},
    onPinned() {},
    onRefused: (_name, error) => process.stderr.write(`${error.stack}\n`),
  },
  listen: { address, port: Number(port) },
  advertise: advertised.split(',').flatMap((each) => (each === '' ? [] : [{ address, port: Number(each) }])),
  acceptInto: downloads === '' ? undefined : downloads,
  log: createLogger({ name: 'receiver', level: 'warn' }),
  trace: undefined,
  signal: over.signal,
})
const feed: UnreadFeed = new UnreadFeed({
  store,
  show: async () => undefined,
  markRead: (name, through) => messenger.markRead(name, through),
  onGap() {},
})
const watch = store.watch(() => messenger.takeAppended())
const ended = messenger.run().catch((error: unknown) => {
  if (!over.signal.aborted) process.stderr.write(`${String(error)}\n`)
  online.reject(error)
})
await online.promise

const requests: PersonRequests = {
  ...arrivals.requests,
  writeTo(name) {
    contact = name
  },
  async sendAll(count) {
    let left = count
    await sendBlocks(() => {
      const texts = Math.min(BLOCK, left)
      left -= texts
      return texts
    })
  },
  sendPaced: (count, perSecond) =>
    atPace(count, perSecond, () => {
      messenger.enqueue(contact, stampedText()).catch((error: unknown) => process.stderr.write(`${error}\n`))
    }),
  async acknowledged() {
    await delivered(messenger.progress(contact).appended)
    return sharedNowMs()
  },
  async sendFor(ms) {
    const endMs = performance.now() + ms
    await sendBlocks(() => (performance.now() < endMs ? FLOOD_BLOCK : 0))
  },
  sendAwaited: (count, width) => inFlight(count, width, async () => delivered(await messenger.enqueue(contact, TEXT))),
  async openAndSend() {
    const beganMs = performance.now()
    await delivered(await messenger.enqueue(contact, TEXT))
    const tookMs = performance.now() - beganMs
    await messenger.peer(contact).goodbye()
    return tookMs
  },
  async sendFile(path) {
    const beganMs = performance.now()
    const received = Promise.withResolvers<number>()
    const states = new Map<string, string>()
    let own: string | undefined
    const check = () => {
      if (own !== undefined && states.get(own) === 'received') received.resolve(performance.now() - beganMs)
    }
    onFile = (id, state) => {
      states.set(id, state)
      check()
    }
    const offer = await prepareOffer(path, { signal: over.signal })
    own = String(await messenger.files.offer(contact, offer))
    check()
    return await received.promise
  },
  memory: () => process.memoryUsage.rss(),
}

/** Say texts, a call each: so many at a time as are asked for, until that is none. */
async function sendBlocks(next: () => number): Promise<void> {
  const blocks: Promise<unknown>[] = []
  for (let texts = next(); texts > 0; texts = next()) {
    blocks.push(Promise.all(Array.from({ length: texts }, () => messenger.enqueue(contact, TEXT))))
    await blocks[blocks.length - BLOCKS_AHEAD]
  }
  await Promise.all(blocks)
}

/** Resolves when what was said up to an ordinal is acknowledged. */
function delivered(ordinal: number): Promise<void> {
  if (messenger.progress(contact).delivered >= ordinal) return Promise.resolve()
  return new Promise((resolve) => {
    waiting.push({ ordinal, resolve })
  })
}

// As every program of Sotto does.
giveBackMemoryAtRest()
keepObjectsYoung()
serveActor(requests, async () => {
  watch.stop()
  over.abort()
  await messenger.stop()
  await ended
  directory.close()
  store.close()
  lock.release()
  if (downloads !== '') rmSync(downloads, { recursive: true, force: true })
})
