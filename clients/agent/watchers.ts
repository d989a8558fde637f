/**
 * All who watch, and what they are told: the events of the messenger, changes of the profile by whichever process, and
 * what other processes put into the store.
 *
 * @module
 */
import type { Connection, WatchResponse } from '#gen/sotto/agent/v1/agent_service.ts'
import { SottoError } from '#lib/errors.ts'
import { schedule } from '#lib/runtime/schedule.ts'
import type { MessengerEvents } from '../messenger/messenger-options.ts'
import { noticeEvents } from '../messenger/notices.ts'
import { PeerTyping } from '../messenger/peer-typing.ts'
import { Unkept } from '../messenger/unkept.ts'
import { addressOf } from '../peer/dial.ts'
import type { Profile } from '../profile/profile.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'
import type { TraceEvent } from '../trace/trace.ts'
import { traceForm } from './forms/trace-form.ts'
import { transferForm } from './forms/transfer-form.ts'
import { type WatchEvent, Watcher, type WatchSource } from './watcher.ts'

/** How many may watch at once. */
export const MAX_WATCHERS = 64

/** After which time one who was refused may try again, in milliseconds. */
const RETRY_MS = 1_000

/** The events of a messenger that are passed on. */
type Heard = Omit<MessengerEvents, 'onKeyChanged' | 'onConversation' | 'onCallRefused' | 'onWaiting'>

export class Watchers {
  readonly #all = new Set<Watcher>()
  #connection: Connection = { online: false, endpoints: [], reason: '' }
  readonly #typing = new PeerTyping({
    schedule,
    onChange: (contact) => {
      const active = this.#typing.has(contact)
      this.#state(`typing ${contact}`, { $case: 'typing', value: { contact, active } })
    },
  })
  /** The names of contacts at the last look, and of those who came since, to notice who was forgotten. */
  #known = new Set<string>()

  /** Told of each transfer that is over. */
  onOver: ((transfer: Transfer) => void) | undefined

  /** Where this end stands. */
  get connection(): Connection {
    return this.#connection
  }

  /** The listener for the events of a messenger. */
  readonly events: Heard = this.#heard()

  #heard(): Heard {
    const unkept = new Unkept((text) => this.#notice(text))
    return {
      onReceived: (name) => {
        unkept.received(name)
        this.#grown(name)
        this.#typing.set(name, false)
      },
      onChanged: (name) => this.#grown(name),
      onProgress: (name) => this.#each((watcher) => watcher.changed(name)),
      onPresence: (name) => this.#each((watcher) => watcher.changed(name)),
      onTyping: (name, isActive) => this.#typing.set(name, isActive),
      onFile: (transfer, error) => {
        this.#state(`transfer ${transfer.id}`, { $case: 'transfer', value: transferForm(transfer, error) })
        if (isOver(transfer)) this.onOver?.(transfer)
      },
      onOnline: (endpoints) => this.#connected({ online: true, endpoints: endpoints.map(addressOf), reason: '' }),
      onOffline: ({ message }) => this.#connected({ online: false, endpoints: [], reason: message }),
      onParted: (name, end) => void unkept.parted(name, end),
      ...noticeEvents((text) => this.#notice(text)),
      onRefused: (name, { message }) => this.#notice(message, name),
    }
  }

  /** Follow what is decided about contacts, by whichever process. */
  followPolicy(before: Profile['state'], after: Profile['state']): void {
    for (const name of after.blocked.symmetricDifference(before.blocked)) this.#changed(name)
    for (const [name, pin] of after.pins) if (before.pins.get(name) !== pin) this.#changed(name)
  }

  /** Another process, or this one, has put something into the store, or removed a conversation. */
  followStore(names: readonly string[]): void {
    const present = new Set(names)
    const forgotten = this.#known.difference(present)
    this.#known = present
    this.#each((watcher) => {
      for (const name of forgotten) watcher.forgotten(name)
      for (const name of names) watcher.grown(name)
    })
  }

  /** There may be new messages with somebody, and the first of them, of which the store tells nobody but other processes. */
  #grown(name: string): void {
    this.#known.add(name)
    this.#each((watcher) => watcher.grown(name))
  }

  /** Something about somebody is other than before. */
  #changed(name: string): void {
    this.#each((watcher) => watcher.changed(name))
  }

  /** Whether nobody has asked for the trace. */
  get wantNoTrace(): boolean {
    return !this.#all.values().some(({ wantsTrace }) => wantsTrace)
  }

  /** A message of the protocol. */
  traced(event: TraceEvent, at: Date): void {
    const form = traceForm(event, at)
    this.#each((watcher) => watcher.wantsTrace && watcher.event({ $case: 'trace', value: form }))
  }

  #connected(connection: Connection): void {
    this.#connection = connection
    this.#state('connection', { $case: 'connection', value: connection })
  }

  #notice(text: string, contact = ''): void {
    this.#each((watcher) => watcher.event({ $case: 'notice', value: { text, contact } }))
  }

  #state(of: string, event: WatchEvent): void {
    this.#each((watcher) => watcher.state(of, event))
  }

  #each(tell: (watcher: Watcher) => void): void {
    for (const watcher of this.#all) tell(watcher)
  }

  /**
   * Watch from now on.
   *
   * @throws SottoError `ERR_BUSY` where too many watch, or this one has missed something.
   */
  async *watch(
    source: WatchSource,
    wantsTrace: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<WatchResponse, void, void> {
    if (this.#all.size >= MAX_WATCHERS) {
      throw new SottoError('ERR_BUSY', `there are ${MAX_WATCHERS} watches already`, { retryAfterMs: RETRY_MS })
    }
    // Those who watch already have not been told of what has gone since the last look.
    if (this.#all.size === 0) this.#known = new Set(source.names())
    const watcher = new Watcher(source, wantsTrace)
    this.#all.add(watcher)
    const onAbort = () => watcher.end()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal.aborted) return
      yield { event: { $case: 'begun', value: this.#connection } }
      yield* watcher.responses()
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#all.delete(watcher)
    }
  }
}
