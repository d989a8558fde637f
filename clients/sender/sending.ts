/**
 * The sending of a `sotto send`: it owns the profile's conversations if no other process does, and leaves its messages
 * to the owner otherwise, which may change while it runs.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { WritePermission } from '#lib/trust/permission.ts'
import type { Running } from '../command/run-command.ts'
import type { Prepared } from '../files/files.ts'
import { mayWrite, policyOf } from '../profile/permission.ts'
import { isTalkedWith } from '../profile/talking.ts'
import { isPassing } from '../session/service-outage.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import type { Watch } from '../store/store-watch.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { Movement } from './movement.ts'
import { Offers } from './offers.ts'
import { Ownership } from './ownership.ts'
import { askDirectory, permitSending } from './reach.ts'
import { type Report, SendTracker, type Texts } from './send-tracker.ts'
import { notAcknowledged, nothingLeft, notInTime, notPosted, notReached } from './unacknowledged.ts'
import type { Wait } from './wait.ts'

export interface SendingOptions {
  readonly running: Running
  readonly to: string
  /** How long to wait where nothing moves, in milliseconds. */
  readonly redialMs: number
  /** How far messages are to come; to the other side's store, or its mailbox while it is away, unless set. */
  readonly wait?: Wait | undefined
  /**
   * How long to wait for the first contact and then, once everything is there, for that, in milliseconds of both together;
   * as long as it takes unless set.
   */
  readonly timeoutMs?: number | undefined
  /** Takes a report of each message once. */
  readonly onReport?: ((report: Report) => void) | undefined
  /** The thing that it waits for now; undefined where that has come. */
  readonly onWaiting?: ((forWhat?: string) => void) | undefined
  /** A file was offered, or has come further. The error is why it ended at this end, if it did. */
  readonly onFile?: ((transfer: Transfer, error?: SottoError) => void) | undefined
}

/**
 * What is known of the mailbox of somebody who is away: whether it takes what is sent now, or that waits in the store,
 * because of what waits before it or because there is no room; or they have none, or it cannot be asked.
 */
export type MailboxSeen =
  | { readonly state: 'open' | 'none' }
  | {
      readonly state: 'full'
      /** Why. */
      readonly notice: string
    }

/** How often to look who owns the conversations, in milliseconds. */
const POLL_INTERVAL_MS = 500

export class Sending implements AsyncDisposable {
  readonly #options: SendingOptions
  readonly #store: Store
  readonly #lost = Promise.withResolvers<never>()
  readonly #over = new AbortController()
  readonly #movement: Movement
  readonly #watch: Watch
  readonly #ownership: Ownership
  #tracker: SendTracker | undefined
  #offers: Offers | undefined
  /** The key that is written for; undefined while none is known. */
  #identityKey: Uint8Array | undefined
  /** Whether the input goes on, of what is left at a mailbox: it may take as long as it takes. */
  #isFilling = false
  #polling: Promise<void> = Promise.resolve()
  /** Goes off when it has taken too long. */
  #timer: NodeJS.Timeout | undefined
  /** How long it took to reach the other side: that much of the time is over. */
  #reachedAfterMs = 0

  static async begin(options: SendingOptions): Promise<Sending> {
    const sending = new Sending(options)
    try {
      await sending.#ownership.takeOver()
    } catch (error) {
      await sending[Symbol.asyncDispose]()
      throw error
    }
    return sending
  }

  private constructor(options: SendingOptions) {
    const { running, to, redialMs, onWaiting } = options
    const { folder, key } = running.profile.storage
    this.#options = options
    this.#store = openStore(folder, { profileKey: key, clock: running.clock.local })
    this.#ownership = new Ownership({
      running,
      store: this.#store,
      to,
      onMoved: () => this.#onMoved(),
      onFile: (transfer, error) => this.#onFile(transfer, error),
      onWaiting,
      onLost: (error) => this.#lost.reject(error),
    })
    const onStill = () => this.#lost.reject(notAcknowledged(this.waiting, this.unfinished))
    this.#movement = new Movement({ patienceMs: redialMs, onStill })
    this.#watch = this.#store.watch(() => this.#onAppended())
    this.#watch.failed.catch((error: unknown) => this.#lost.reject(error))
    // Whoever waits for it hears it; nobody has to.
    this.lost.catch(() => undefined)
  }

  /**
   * Rejects when it is of no use to wait: `ERR_NOT_ACKNOWLEDGED` if nothing moved for long, `ERR_KEY_CHANGED` if one side
   * has another key than the other pinned, `ERR_STREAM_RENEWED` if the contact is forgotten, `ERR_SESSION_ENDED` and the
   * like. It never resolves.
   */
  get lost(): Promise<never> {
    return this.#lost.promise
  }

  /** How many messages wait for their acknowledgement, or to be left at the other side's mailbox. */
  get waiting(): number {
    try {
      return this.#tracker?.waiting ?? 0
    } catch {
      // It was forgotten, and waits no longer.
      return 0
    }
  }

  /** Whether the messages are left at the other side's mailbox. */
  get isByLetter(): boolean {
    return this.#tracker?.isByLetter === true
  }

  /** How many of them lie in the other side's mailbox. */
  get left(): number {
    return this.#tracker?.left ?? 0
  }

  /** How many of the files that were offered are not over. */
  get unfinished(): number {
    return this.#offers?.waiting ?? 0
  }

  /** The files that were offered, as they are now. */
  get transfers(): readonly Transfer[] {
    return this.#offers?.transfers ?? []
  }

  /**
   * See that the other side can be written to now. Nothing is kept until this has resolved.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH`, `ERR_BLOCKED` and
   *   whatever else a first conversation fails with.
   */
  async reach(): Promise<void> {
    const { to, timeoutMs, running, onWaiting } = this.#options
    const { promise: late, reject } = Promise.withResolvers<never>()
    // A timeout of 0 does not end this: without a first conversation nothing would go.
    const timer = timeoutMs ? setTimeout(() => reject(notReached(to)), timeoutMs) : undefined
    const beganAtMs = running.clock.local.monotonicMs()
    try {
      await Promise.race([this.#reach(), late])
    } finally {
      clearTimeout(timer)
    }
    this.#reachedAfterMs = running.clock.local.monotonicMs() - beganAtMs
    onWaiting?.()
  }

  async #reach(): Promise<void> {
    await this.#permit()
    const { running, to } = this.#options
    if (this.#ownership.lockHolder !== undefined) await this.#ownership.lockHolder.reach()
    else if (!(await isTalkedWith(running.profile, to))) await askDirectory(this.#options)
  }

  /**
   * Send everything, and wait until the texts are acknowledged and the files are over, even where the end of it cannot be
   * sent.
   *
   * @param files - To be offered behind the texts, each as soon as it is prepared.
   */
  async send(texts: Texts, files: AsyncIterable<Prepared>): Promise<void> {
    const { tracker, offers } = this.#openMessageLog()
    this.#polling = this.#pollSerially()
    let failure: unknown
    try {
      await tracker.putAll(texts)
      for await (const prepared of files) offers.put(prepared)
    } catch (error) {
      failure = error
    }
    this.#limitTime(tracker)
    const { to, wait, onWaiting } = this.#options
    if (tracker.awaited > 0) onWaiting?.(`${to} to ${wait === 'read' ? 'read' : 'have'} it`)
    await tracker.done()
    onWaiting?.()
    await offers.ended()
    tracker.report()
    if (failure !== undefined) throw failure
  }

  /**
   * See whether what is sent to somebody who is away can be left at their mailbox. Nothing is kept until this has resolved.
   *
   * @throws SottoError what only the user can mend, such as `ERR_KEY_CHANGED`.
   */
  async seeMailbox(): Promise<MailboxSeen> {
    const { running, to } = this.#options
    try {
      if (await this.#ownership.postNow(this.#over.signal)) return { state: 'open' }
      return { state: 'full', notice: nothingLeft(to, undefined) }
    } catch (error) {
      if (isSottoError(error, 'ERR_NO_MAILBOX')) return { state: 'none' }
      if (!isSottoError(error) || !isPassing(error)) throw error
      const notice = nothingLeft(to, error)
      // Where nothing waits, the services are busy, and have not said whether there is a mailbox.
      if (error.code === 'ERR_BUSY' && this.#isAnythingWaiting) return { state: 'full', notice }
      running.output.notice(notice)
      return { state: 'none' }
    }
  }

  /** Whether anything waits here for the other side, of this command or others. */
  get #isAnythingWaiting(): boolean {
    const { running, to } = this.#options
    const { waiting, undeliverable } = this.#store.undelivered(to, running.profile.state.pins.get(to)?.identityKey)
    return waiting > undeliverable
  }

  /**
   * Leave everything at the mailbox of the other side, who is away. Files are offered so, and flow later.
   *
   * @throws SottoError `ERR_NOT_ACKNOWLEDGED` if some of it finds no place there; it waits in the store.
   */
  async leave(texts: Texts, files: AsyncIterable<Prepared>): Promise<void> {
    const { tracker, offers } = this.#openMessageLog({ isByLetter: true })
    this.#polling = this.#pollSerially()
    this.#isFilling = true
    let failure: unknown
    try {
      for await (const batch of texts) {
        tracker.put(batch)
        if (!tracker.hasRoom) await this.#postAll()
      }
      for await (const prepared of files) offers.put(prepared)
    } catch (error) {
      failure = error
    }
    this.#isFilling = false
    await this.#postAll()
    this.#limitTime(tracker)
    // Where the other side has come meanwhile, a conversation has them.
    await tracker.allGone()
    if (failure !== undefined) throw failure
  }

  async #postAll(): Promise<void> {
    const { to } = this.#options
    try {
      if (!(await this.#ownership.postNow(this.#over.signal))) throw notPosted(to, this.waiting, undefined)
    } catch (error) {
      if (isSottoError(error) && isPassing(error)) throw notPosted(to, this.waiting, error)
      throw error
    }
  }

  #limitTime(tracker: SendTracker): void {
    const { wait = 'delivered', timeoutMs } = this.#options
    if (timeoutMs === undefined) return
    const onLate = () => {
      throw notInTime(wait, tracker.awaited, this.unfinished)
    }
    const leftMs = Math.max(0, timeoutMs - this.#reachedAfterMs)
    this.#timer = setTimeout(() => Promise.try(onLate).catch((error: unknown) => this.#lost.reject(error)), leftMs)
  }

  /** See that the other side may be written to; in a doubt about their key, once they were called. */
  async #permit(): Promise<void> {
    const withdrawn = await permitSending(this.#options)
    // Where there is a messenger of this process, that tells it.
    if (withdrawn !== undefined && this.#ownership.lockHolder === undefined)
      this.#options.running.output.notice(withdrawn)
  }

  /** Leave everything there for whoever owns the conversations next, up to what cannot be sent. */
  async queueOnly(texts: Texts, files: AsyncIterable<Prepared>): Promise<void> {
    await this.#permit()
    const { tracker, offers } = this.#openMessageLog()
    for await (const batch of texts) tracker.put(batch)
    for await (const prepared of files) offers.put(prepared)
  }

  #openMessageLog({ isByLetter = false } = {}): { readonly tracker: SendTracker; readonly offers: Offers } {
    const { running, to, wait, onReport, onFile = () => {} } = this.#options
    this.#identityKey = running.profile.state.pins.get(to)?.identityKey
    const messageLog = this.#store.messageLog(to, this.#identityKey)
    const permit = () => WritePermission.of(policyOf(running.profile.state, to))
    // By the conversation, where it is held here, which then need not look for them in the store.
    const append = (events: readonly Uint8Array[]) => {
      const permission = permit()
      const sent = this.#ownership.lockHolder?.append(messageLog.place, permission, events)
      return sent ?? messageLog.append(permission, events)
    }
    const onPut = () => this.#onMoved()
    const { local: clock } = running.clock
    this.#tracker = new SendTracker({ messageLog, append, clock, wait, isByLetter, onReport, onPut })
    this.#offers = new Offers({ store: this.#store, messageLog, permit, onFile, onPut: () => this.#onAppended() })
    return { tracker: this.#tracker, offers: this.#offers }
  }

  #onFile(transfer: Transfer, error?: SottoError): void {
    const { to, onFile } = this.#options
    this.#offers?.changed(transfer, error)
    // What the other side offers meanwhile waits for an answer.
    if (transfer.contact === to && transfer.direction === 'downloading') onFile?.(transfer, error)
  }

  /** There is something new in the store. */
  #onAppended(): void {
    this.#ownership.lockHolder?.takeAppended()
    this.#onMoved()
  }

  /** An event that was sent may have come further, or a conversation has begun or ended. */
  #onMoved(): void {
    if (this.#over.signal.aborted) return
    try {
      this.#tracker?.poll()
      this.#offers?.poll({ isLockHolder: this.#ownership.lockHolder !== undefined })
      this.#updateMovement()
    } catch (error) {
      this.#lost.reject(error)
    }
  }

  #updateMovement(): void {
    // It takes as long as it takes.
    if (this.#isFilling) {
      this.#movement.stop()
      return
    }
    const { lockHolder } = this.#ownership
    this.#movement.update({
      waiting: this.waiting,
      unfinished: this.unfinished,
      isFileMoving: this.#offers?.isMoving === true,
      gone: this.#tracker?.gone ?? 0,
      bytes: this.#offers?.bytes ?? 0,
      by: lockHolder === undefined ? 'another' : lockHolder.isTalking ? 'conversation' : 'call',
    })
  }

  /** Give way and take over for as long as it runs. */
  async #pollSerially(): Promise<void> {
    const { signal } = this.#over
    try {
      for (;;) {
        await pause(POLL_INTERVAL_MS, undefined, { signal })
        await this.#checkPermission()
        if (await this.#ownership.follow()) this.#updateMovement()
      }
    } catch (error) {
      if (!signal.aborted) this.#lost.reject(error)
    }
  }

  /**
   * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_MISMATCH`; `ERR_KEY_CHANGED`: what is there for the key that was written for
   *   goes to no other.
   */
  async #checkPermission(): Promise<void> {
    const { running, to } = this.#options
    const permission = await mayWrite(running.profile, to)
    this.#identityKey ??= permission.identityKey
    permission.check(to, this.#identityKey)
  }

  /** Let go of everything, whatever of it fails: what waits stays in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = this.waiting + this.unfinished === 0 ? CloseReason.DONE : CloseReason.SHUTDOWN
    this.#over.abort()
    clearTimeout(this.#timer)
    await using resources = new AsyncDisposableStack()
    resources.defer(() => this.#store.close())
    resources.defer(() => this.#ownership.handOver(reason))
    resources.defer(() => this.#polling)
    resources.defer(() => this.#movement.stop())
    resources.defer(() => this.#watch.stop())
    this.#tracker?.reportRest()
  }
}
