/**
 * The conversations of a profile for as long as a `sotto send` runs and nobody receives: a messenger that calls and cannot
 * be called. It also says what other processes leave in the store meanwhile, to whomever.
 *
 * @module
 */
import type { CloseReason, Event } from '#gen/sotto/peer/v1/record.ts'
import { asSottoError, type SottoError } from '#lib/errors.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import { agentBeside } from '../agent/agent-beside.ts'
import type { Watchers } from '../agent/watchers.ts'
import { DEFAULT_DOWNLOADS } from '../command/file-flags.ts'
import type { Running } from '../command/run-command.ts'
import { laterBoth } from '../messenger/both-events.ts'
import { Messenger } from '../messenger/messenger.ts'
import type { MessengerEvents } from '../messenger/messenger-options.ts'
import { NOTICES, noticeEvents } from '../messenger/notices.ts'
import { Unkept } from '../messenger/unkept.ts'
import type { Lock } from '../profile/lock.ts'
import { forProfile } from '../profile/login-line.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import { READER_TIMEOUT_MS } from '../store/reading/unread-feed.ts'
import type { TransferPlace } from '../store/rows/transfer-rows.ts'
import type { Store } from '../store/store.ts'
import type { Transfer } from '../store/transfers/transfer.ts'

export interface LockHolderOptions {
  readonly running: Running
  readonly directory: DirectoryClient
  readonly store: Store
  /** Released in the end. */
  readonly lock: Lock
  /** The contact that this process sends to. */
  readonly to: string
  /** An event that was sent may have come further, or a conversation has begun or ended. */
  readonly onMoved: () => void
  /** A transfer has come further. The error is why it ended at this end, if it did. */
  readonly onFile: (transfer: Transfer, error?: SottoError) => void
  /** The first conversation waits for this now. */
  readonly onWaiting?: ((forWhat: string) => void) | undefined
  /** The lock holder can go on no more, or it is of no use to wait. */
  readonly onLost: (error: unknown) => void
}

/**
 * How long the conversations are held before other programs are served, in milliseconds: one text is gone by then, and
 * should not wait for what nobody will ask of it.
 */
const SERVES_AFTER_MS = 1_000

export class LockHolder {
  readonly #options: LockHolderOptions
  readonly #messenger: Messenger
  /** Those that watch what happens, once other programs are served. */
  #watchers: Watchers | undefined
  readonly #serving = new AsyncDisposableStack()
  /** Whether all that had come before this began was seen: then all that is shown here can be marked. */
  readonly #isCaughtUp: boolean
  /** Ends when what has come so far is shown. */
  #shown: Promise<void> = Promise.resolve()
  #hasTalked = false
  #isStopped = false

  constructor(options: LockHolderOptions) {
    const { running, directory, store, to } = options
    this.#options = options
    this.#isCaughtUp = store.unread(to, { limit: 1 }).length === 0
    this.#messenger = new Messenger({
      ...running,
      directory,
      store,
      events: laterBoth(this.#events(), () => this.#watchers?.events),
      listen: undefined,
      advertise: [],
      log: undefined,
      trace: running.output.trace,
    })
    this.#messenger.run().catch((error: unknown) => this.#isStopped || options.onLost(error))
    const timer = setTimeout(() => {
      // As where there can be no socket, it goes on without.
      this.#serve().catch((error: unknown) => running.output.notice(asSottoError(error).message))
    }, SERVES_AFTER_MS)
    this.#serving.defer(() => clearTimeout(timer))
  }

  /** Serve other programs, as a chat does, until another process has the conversations. */
  async #serve(): Promise<void> {
    const { running, store, directory } = this.#options
    const { profile, account, clock, signal, output } = running
    // Loaded here, for a short send need not wait for it.
    const { Watchers } = await import('../agent/watchers.ts')
    if (this.#isStopped) return
    const watchers = new Watchers()
    this.#watchers = watchers
    const parts = { watchers, messenger: this.#messenger, store, directory }
    const agent = { ...parts, profile, account, clock, signal, downloads: DEFAULT_DOWNLOADS }
    agentBeside(this.#serving, agent, ({ message }) => output.notice(message))
  }

  #events(): MessengerEvents {
    const { running, to, onMoved, onFile, onWaiting, onLost } = this.#options
    const { output } = running
    const unkept = new Unkept((text) => output.notice(text))
    return {
      onWaiting: (name, forWhat) => name === to && !this.#hasTalked && onWaiting?.(forWhat),
      onReceived: (name, events) => {
        if (name === to) unkept.received(to)
        this.#receive(name, events)
      },
      onProgress: onMoved,
      onFile,
      onPresence() {},
      onOnline() {},
      onOffline() {},
      onRefused: (name, error: SottoError) => name === to && onLost(error),
      ...noticeEvents((text) => output.notice(forProfile(text, running.profile.name))),
      // Of the one contact it is an error, and nobody asked about others.
      onTooLargeForLetter() {},
      onConversation: (name) => {
        if (name === to && this.#hasTalked && !unkept.has(to)) output.notice(NOTICES.connectedAgain(to))
        if (name === to) this.#hasTalked = true
        onMoved()
      },
      onParted: (name, end) => {
        if (name === to && !unkept.parted(to, end)) output.notice(NOTICES.redialling(to))
        onMoved()
      },
    }
  }

  /** Show what the other side answers. What others say is left for who receives. */
  #receive(name: string, events: readonly Event[]): void {
    const { running, to } = this.#options
    if (name !== to) return
    const storedAt = running.clock.local.now()
    const messages = events.map((event) => ({ event, storedAt }))
    const shown = this.#shown
      .then(() => running.output.show(name, messages))
      .then(() => {
        // What came since is shown next, and marked then.
        if (this.#isCaughtUp && this.#shown === shown) this.#messenger.markRead(to)
      })
      // That it takes no more is told by `failed` of output.ts.
      .catch(() => undefined)
    this.#shown = shown
  }

  /** Begin to talk. @throws SottoError as {@link Messenger.open}. */
  async reach(): Promise<void> {
    await this.#messenger.open(this.#options.to)
    this.keep()
  }

  /** Leave what waits for them at their mailbox. @throws SottoError as {@link Messenger.postNow}. */
  async postNow(): Promise<boolean> {
    return await this.#messenger.postNow(this.#options.to)
  }

  /** Go on talking, or begin when the other side is there. */
  keep(): void {
    this.#messenger.keep(this.#options.to)
  }

  /** Whether a conversation with the other side is open. */
  get isTalking(): boolean {
    return this.#messenger.isTalkingWith(this.#options.to)
  }

  /** Send events to the other side. @returns, and throws, as {@link Messenger.append}. */
  append(place: TransferPlace, permission: WritePermission, events: readonly Uint8Array[]): number | undefined {
    return this.#messenger.append(this.#options.to, place, permission, events)
  }

  /** Take what is new in the store. */
  takeAppended(): void {
    this.#messenger.takeAppended()
  }

  /** Say goodbye, and let another process have the conversations. */
  async stop(reason: CloseReason): Promise<void> {
    this.#isStopped = true
    // The last first. Whatever of it fails, nobody else may have the conversations while they are held here.
    await using ending = new AsyncDisposableStack()
    ending.defer(() => this.#options.lock.release())
    ending.defer(async () => {
      await withTimeout(this.#shown, READER_TIMEOUT_MS)
      // What nobody takes is not marked as read, and comes with the next receive or chat.
      this.#shown = Promise.resolve()
    })
    ending.defer(() => this.#messenger.stop(reason))
    ending.use(this.#serving)
  }
}
