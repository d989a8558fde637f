/**
 * The sending of a `sotto send`: it owns the profile's conversations if no other process does, and leaves its messages
 * to the owner otherwise. Roles change while it runs: it gives way to a chat or a receive that starts, and takes over
 * from an owner that goes away.
 *
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { WritePermission } from '#lib/trust/permission.ts'
import type { Running } from '../command/run-command.ts'
import type { Prepared } from '../files/files.ts'
import { NOTICES } from '../messenger/notices.ts'
import { mayWrite, policyOf } from '../profile/permission.ts'
import { refuseChangedKey } from '../profile/pins.ts'
import { isReceived, tryLockForSending } from '../profile/process-locks.ts'
import { isTalkedWith, postThroughOwner } from '../profile/talking.ts'
import { isPassing } from '../session/service-outage.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Watch } from '../store/store-watch.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { IdleTimer } from './idle-timer.ts'
import type { LockHolder } from './lock-holder.ts'
import { Offers } from './offers.ts'
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

/** How often to look who owns the conversations, in milliseconds. */
const POLL_INTERVAL_MS = 500

/** The time that another process has at least to show progress, in milliseconds. */
const HAND_OVER_MS = 2_000

export class Sending implements AsyncDisposable {
  readonly #options: SendingOptions
  readonly #store: Store
  readonly #lost = Promise.withResolvers<never>()
  readonly #over = new AbortController()
  readonly #idleTimer = new IdleTimer(() => this.#lost.reject(notAcknowledged(this.waiting, this.unfinished)))
  readonly #watch: Watch
  #lockHolder: LockHolder | undefined
  #tracker: SendTracker | undefined
  #offers: Offers | undefined
  /** The key that is written for; undefined while none is known. */
  #identityKey: Uint8Array | undefined
  /** Whether the input goes on, of what is left at a mailbox: it may take as long as it takes. */
  #isFilling = false
  /** The progress of all that was ever written to the other side, in messages, and of the files, in bytes. */
  #progress = { gone: 0, bytes: 0 }
  #polling: Promise<void> = Promise.resolve()
  /** How long it took to reach the other side: that much of the time is over. */
  #reachedAfterMs = 0

  static async begin(options: SendingOptions): Promise<Sending> {
    const sending = new Sending(options)
    try {
      await sending.#takeOver()
    } catch (error) {
      await sending[Symbol.asyncDispose]()
      throw error
    }
    return sending
  }

  private constructor(options: SendingOptions) {
    const { folder, key } = options.running.profile.storage
    this.#options = options
    this.#store = openStore(folder, { profileKey: key, clock: options.running.clock.local })
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

  /** Become the owner, unless there is one. */
  async #takeOver(): Promise<LockHolder | undefined> {
    const { running, to, onWaiting } = this.#options
    const lock = await tryLockForSending(running.profile)
    if (lock === undefined) return undefined
    const onMoved = () => this.#onMoved()
    const onLost = (error: unknown) => this.#lost.reject(error)
    const onFile = (transfer: Transfer, error?: SottoError) => this.#onFile(transfer, error)
    try {
      // Loaded here, for with another owner none of it is needed.
      const { LockHolder } = await import('./lock-holder.ts')
      const directory = await running.connect()
      const store = this.#store
      this.#lockHolder = new LockHolder({ running, directory, store, lock, to, onMoved, onFile, onWaiting, onLost })
      return this.#lockHolder
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /**
   * See that the other side can be written to now. Nothing is kept until this has resolved.
   *
   * @throws SottoError `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`, `ERR_BLOCKED` and whatever else a first
   *   conversation fails with.
   */
  async reach(): Promise<void> {
    const { to, timeoutMs, running, onWaiting } = this.#options
    const { promise: late, reject } = Promise.withResolvers<never>()
    // Whoever waits for nothing waits for this: without it nothing would go.
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
    if (this.#lockHolder !== undefined) await this.#lockHolder.reach()
    else if (!(await isTalkedWith(running.profile, to))) await this.#askDirectory()
  }

  async #askDirectory(): Promise<void> {
    const { running, to, onWaiting } = this.#options
    const { profile, connect, clock, signal } = running
    onWaiting?.('the directory')
    const directory = await connect()
    const { grant } = await directory.requestChat(to, signal)
    await refuseChangedKey(profile, to, grant.receiverIdentityKey, clock.local.now())
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
    const timer = this.#limitTime(tracker)
    const { to, wait, onWaiting } = this.#options
    try {
      if (tracker.awaited > 0) onWaiting?.(`${to} to ${wait === 'read' ? 'read' : 'have'} it`)
      await tracker.done()
      onWaiting?.()
      await offers.ended()
      tracker.report()
    } finally {
      clearTimeout(timer)
    }
    if (failure !== undefined) throw failure
  }

  /**
   * See that what is sent to somebody who is away can be left at their mailbox. Nothing is kept until this has resolved.
   *
   * @throws SottoError what only the user can mend, such as `ERR_KEY_CHANGED`.
   */
  async canPost(): Promise<boolean> {
    const { running, to } = this.#options
    try {
      const isPosted = await this.#postNow()
      // Another process does not say why.
      if (!isPosted && this.#lockHolder !== undefined) running.output.notice(nothingLeft(to, undefined))
      return isPosted
    } catch (error) {
      if (isSottoError(error, 'ERR_NO_MAILBOX')) return false
      if (!isSottoError(error) || !isPassing(error)) throw error
      running.output.notice(nothingLeft(to, error))
      return false
    }
  }

  /** Leave what waits at the other side's mailbox. @returns whether all of it has gone. */
  async #postNow(): Promise<boolean> {
    const { running, to } = this.#options
    return (await this.#lockHolder?.postNow()) ?? (await postThroughOwner(running.profile, to))
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
    const timer = this.#limitTime(tracker)
    try {
      // Where the other side has come meanwhile, a conversation has them.
      await tracker.allGone()
    } finally {
      clearTimeout(timer)
    }
    if (failure !== undefined) throw failure
  }

  async #postAll(): Promise<void> {
    const { to } = this.#options
    try {
      if (!(await this.#postNow())) throw notPosted(to, this.waiting, undefined)
    } catch (error) {
      if (isSottoError(error) && isPassing(error)) throw notPosted(to, this.waiting, error)
      throw error
    }
  }

  #limitTime(tracker: SendTracker): NodeJS.Timeout | undefined {
    const { wait = 'delivered', timeoutMs } = this.#options
    if (timeoutMs === undefined) return undefined
    const leftMs = Math.max(0, timeoutMs - this.#reachedAfterMs)
    return setTimeout(() => this.#lost.reject(notInTime(wait, tracker.awaited, this.unfinished)), leftMs)
  }

  /** See that the other side may be written to; in a doubt about their key, once they were called. */
  async #permit(): Promise<void> {
    const { running, to, onWaiting } = this.#options
    const { profile, clock, output, signal } = running
    const before = (await profile.refresh()).pins.get(to)
    if (before?.changedTo === undefined) return void (await mayWrite(profile, to))
    const calling = {
      ...running,
      directory: await running.connect(),
      trace: output.trace,
      onPinned() {},
      onWaiting: (_name: string, forWhat: string) => onWaiting?.(forWhat),
    }
    const { mayWriteOnceProven } = await import('../peer/may-write.ts')
    await mayWriteOnceProven(calling, to, signal)
    // Where there is a messenger of this process, that tells it.
    if (this.#lockHolder !== undefined) return
    const forMs = before.changedAtMs === undefined ? undefined : clock.local.now().getTime() - before.changedAtMs
    output.notice(NOTICES.doubtWithdrawn(to, forMs))
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
    const onPut = () => this.#onAppended()
    const { local: clock } = running.clock
    this.#tracker = new SendTracker({ messageLog, permit, clock, wait, isByLetter, onReport, onPut })
    this.#offers = new Offers({ store: this.#store, messageLog, permit, onFile, onPut })
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
    this.#lockHolder?.takeAppended()
    this.#onMoved()
  }

  /** An event that was sent may have come further, or a conversation has begun or ended. */
  #onMoved(): void {
    if (this.#over.signal.aborted) return
    try {
      this.#tracker?.poll()
      this.#offers?.poll({ isLockHolder: this.#lockHolder !== undefined })
      this.#updateIdleTimer()
    } catch (error) {
      this.#lost.reject(error)
    }
  }

  /** Extend the time if something arrived; a conversation that begins and comes to nothing does not. */
  #updateIdleTimer(): void {
    const { redialMs } = this.#options
    const isTalking = this.#lockHolder?.isTalking === true
    const isExpectant = this.#isExpectant({ isTalking })
    if (this.#hasProgressed() || !isExpectant) this.#idleTimer.stop()
    if (isTalking || !isExpectant) return
    this.#idleTimer.start(this.#lockHolder === undefined ? Math.max(redialMs, HAND_OVER_MS) : redialMs)
  }

  /** Whether the other side has acknowledged, or got, more than it had when this was asked last. */
  #hasProgressed(): boolean {
    const before = this.#progress
    const gone = Math.max(before.gone, this.#tracker?.gone ?? 0)
    const bytes = Math.max(before.bytes, this.#offers?.bytes ?? 0)
    this.#progress = { gone, bytes }
    return gone > before.gone || bytes > before.bytes
  }

  /**
   * Whether something should move. In a conversation what the other side has been offered waits for its user; behind
   * another owner nobody knows whether the other side is still there to answer.
   */
  #isExpectant({ isTalking }: { readonly isTalking: boolean }): boolean {
    if (this.#isFilling) return false
    if (this.waiting > 0) return true
    if (this.#lockHolder !== undefined && !isTalking) return this.unfinished > 0
    return this.unfinished > 0 && this.#offers?.isMoving === true
  }

  /** Give way and take over for as long as it runs. */
  async #pollSerially(): Promise<void> {
    const { signal } = this.#over
    try {
      for (;;) {
        await pause(POLL_INTERVAL_MS, undefined, { signal })
        await this.#poll()
      }
    } catch (error) {
      if (!signal.aborted) this.#lost.reject(error)
    }
  }

  async #poll(): Promise<void> {
    const { profile } = this.#options.running
    await this.#checkPermission()
    if (this.#lockHolder === undefined) {
      const lockHolder = await this.#takeOver()
      lockHolder?.keep()
      if (lockHolder === undefined) return
    } else if (isReceived(profile)) {
      await this.#handOver(CloseReason.SHUTDOWN)
    } else return
    this.#updateIdleTimer()
  }

  /** @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`: what is there for the key that was written for goes to no other. */
  async #checkPermission(): Promise<void> {
    const { running, to } = this.#options
    const permission = await mayWrite(running.profile, to)
    this.#identityKey ??= permission.identityKey
    permission.check(to, this.#identityKey)
  }

  async #handOver(reason: CloseReason): Promise<void> {
    const owner = this.#lockHolder
    this.#lockHolder = undefined
    await owner?.stop(reason)
  }

  /** Let go of everything, whatever of it fails: what waits stays in the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = this.waiting + this.unfinished === 0 ? CloseReason.DONE : CloseReason.SHUTDOWN
    this.#over.abort()
    await using resources = new AsyncDisposableStack()
    resources.defer(() => this.#store.close())
    resources.defer(() => this.#handOver(reason))
    resources.defer(() => this.#polling)
    resources.defer(() => this.#idleTimer.stop())
    resources.defer(() => this.#watch.stop())
    this.#tracker?.reportRest()
  }
}
