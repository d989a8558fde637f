/**
 * The messages that a `sotto send` has put into the profile's store for one person, and their states. The owner of the
 * profile's conversations sends them: this process or another.
 *
 * @module
 */
import { encodeTextEvent } from '#lib/delivery/event.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { drawEventId } from '../peer/event-ids.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import { type OutgoingState, stateAt } from '../store/log/progress.ts'
import type { RawJson } from '../terminal/raw-json.ts'
import type { Wait } from './wait.ts'

/** A text to send, in UTF-8; with what whoever wrote it calls it, in the JSON that it was written in. */
export type Text = Uint8Array | { readonly body: Uint8Array; readonly ref?: RawJson | undefined }

/** Texts in batches, as they come. */
export type Texts = AsyncIterable<Iterable<Text>> | Iterable<Iterable<Text>>

/** The report of one message. */
export interface Report {
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly ref: RawJson | undefined
  readonly state: OutgoingState
}

/** How many messages may wait for their acknowledgement before more are put behind them. */
const MAX_WAITING = 10_000

/**
 * How many bytes may wait likewise: at 40 ms of distance enough for 200 MB/s, and the four largest texts twice over.
 */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/** Messages that were put there in one step. */
interface Put {
  /** The ordinal of the last. */
  readonly last: number
  readonly bytes: number
}

/** Messages whose ordinals follow one another, for no other command has said anything in between. */
interface Run {
  readonly first: number
  last: number
}

/** A message that is to be reported. */
interface Followed extends Pick<Report, 'id' | 'ref'> {
  readonly ordinal: number
}

export interface SendTrackerOptions {
  readonly messageLog: MessageLog
  /**
   * Puts events there, encoded, at least one. @returns the ordinal of the last.
   *
   * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`, `ERR_KEY_MISMATCH` where its contact may not be written to now;
   *   `ERR_STORE`.
   */
  readonly append: (events: readonly Uint8Array[]) => number
  readonly clock: Clock
  /** How far messages are to come; delivered unless set, or posted where they are left at a mailbox meanwhile. */
  readonly wait?: Wait | undefined
  /** Whether they go to somebody who is away, by letter: then those that are posted wait for nothing more. */
  readonly isByLetter?: boolean
  /** Takes a report of each message once, in their order: when it has come that far, or how far it was at the end. */
  readonly onReport?: ((report: Report) => void) | undefined
  /** There is something new in the store. */
  readonly onPut: () => void
}

export class SendTracker {
  readonly #options: SendTrackerOptions
  /** How far messages are to come. */
  #wait: Wait
  /** How far they come before others may follow them. */
  #leaves: 'posted' | 'delivered'
  /** The batches that wait for their acknowledgement, the oldest first. */
  #puts: Put[] = []
  /**
   * The runs of messages that have not come as far as they are to, or wait for their acknowledgement, the oldest first.
   */
  #runs: Run[] = []
  /** The messages that are not reported yet, the oldest first. */
  #followed: Followed[] = []
  #moved = Promise.withResolvers<void>()

  constructor(options: SendTrackerOptions) {
    this.#options = options
    const { wait = 'delivered', isByLetter = false } = options
    this.#wait = isByLetter ? 'posted' : wait
    this.#leaves = isByLetter ? 'posted' : 'delivered'
  }

  /**
   * How many events of this side the other one has acknowledged, or has in its mailbox where they go there.
   *
   * @throws SottoError `ERR_STREAM_RENEWED`.
   */
  get gone(): number {
    return this.#options.messageLog.progress()[this.#leaves]
  }

  /** Whether they go to the other side's mailbox. */
  get isByLetter(): boolean {
    return this.#leaves === 'posted'
  }

  /** How many of these messages wait for their acknowledgement; where they go by letter, how many are not posted. */
  get waiting(): number {
    return this.#countBehind(this.#leaves)
  }

  /** How many of them lie in the other side's mailbox. */
  get left(): number {
    return this.#countBehind('delivered') - this.#countBehind('posted')
  }

  /** How many of them have not come as far as they are to. */
  get awaited(): number {
    return this.#countBehind(this.#wait)
  }

  #countBehind(wait: Wait): number {
    const progress = this.#options.messageLog.progress()
    const done = Math.min(progress.delivered, progress[this.#wait])
    this.#runs = this.#runs.filter(({ last }) => last > done)
    return this.#runs.reduce((sum, { first, last }) => sum + Math.max(0, last - Math.max(first - 1, progress[wait])), 0)
  }

  /** Whether more may be put behind what waits. */
  get hasRoom(): boolean {
    const { gone } = this
    this.#puts = this.#puts.filter(({ last }) => last > gone)
    return this.waiting < MAX_WAITING && this.#puts.reduce((sum, { bytes }) => sum + bytes, 0) < MAX_WAITING_BYTES
  }

  /**
   * Put everything there, in order and as fast as it goes away. What stands before a text that cannot be sent is there
   * when this rejects.
   *
   * @throws what the texts throw; SottoError `ERR_STORE`; `ERR_STREAM_RENEWED` if the user has it forgotten meanwhile.
   */
  async putAll(texts: Texts): Promise<void> {
    for await (const batch of texts) {
      this.put(batch)
      while (!this.hasRoom) await this.#moved.promise
    }
  }

  /** Put a batch there, up to the first that cannot be sent. @throws as {@link putAll}. */
  put(batch: Iterable<Text>): void {
    const { append, onReport, onPut } = this.#options
    const { events, named, failure } = this.#encoded(batch)
    if (events.length > 0) {
      const bytes = events.reduce((sum, event) => sum + event.length, 0)
      const last = append(events)
      const first = last - events.length + 1
      this.#puts.push({ last, bytes })
      this.#extend(first, last)
      if (onReport !== undefined)
        this.#followed.push(...named.map((each, index) => ({ ...each, ordinal: first + index })))
      onPut()
    }
    if (failure !== undefined) throw failure
  }

  #extend(first: number, last: number): void {
    const run = this.#runs.at(-1)
    if (run?.last === first - 1) run.last = last
    else this.#runs.push({ first, last })
  }

  /** The texts up to the first that cannot be sent, if there is one. */
  #encoded(batch: Iterable<Text>): { events: Uint8Array[]; named: Pick<Report, 'id' | 'ref'>[]; failure?: unknown } {
    const { clock, onReport } = this.#options
    const writtenAt = clock.now()
    const events: Uint8Array[] = []
    const named: Pick<Report, 'id' | 'ref'>[] = []
    try {
      for (const text of batch) {
        const { body, ref } = text instanceof Uint8Array ? { body: text, ref: undefined } : text
        const eventId = drawEventId()
        events.push(encodeTextEvent({ eventId, writtenAt, body }))
        if (onReport !== undefined) named.push({ id: Buffer.from(eventId).toString('hex'), ref })
      }
      return { events, named }
    } catch (failure) {
      return { events, named, failure }
    }
  }

  /** Report what has come as far as it is to. */
  report(): void {
    this.#report({ all: false })
  }

  /** Report the rest at the end, as far as it came: unless nobody knows that any more, which then is why it ends. */
  reportRest(): void {
    try {
      this.#report({ all: true })
    } catch {
      // It was forgotten, or the store fails. Whoever waited for it was told.
    }
  }

  #report({ all }: { readonly all: boolean }): void {
    const { messageLog, onReport } = this.#options
    if (this.#followed.length === 0 || onReport === undefined) return
    const progress = messageLog.progress()
    const left = this.#followed.findIndex(({ ordinal }) => ordinal > progress[this.#wait])
    const count = all || left === -1 ? this.#followed.length : left
    for (const { ordinal, id, ref } of this.#followed.splice(0, count)) {
      onReport({ id, ref, state: stateAt(ordinal, progress) })
    }
  }

  /** Look whether a message has come further. */
  poll(): void {
    this.#settle()
    this.report()
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }

  /** Where nobody has said how far they are to come, it is enough if all of them lie in the other side's mailbox. */
  #settle(): void {
    if (this.#options.wait !== undefined || this.isByLetter || this.awaited === 0) return
    if (this.#countBehind('posted') > 0) return
    this.#wait = 'posted'
    this.#leaves = 'posted'
  }

  /** Resolves when all that is there now, files that are offered included, is gone. @throws SottoError as {@link gone}. */
  async allGone(): Promise<void> {
    const { appended } = this.#options.messageLog.progress()
    while (this.gone < appended) await this.#moved.promise
  }

  /** Resolves when all has come as far as it is to. @throws SottoError `ERR_STREAM_RENEWED`. */
  async done(): Promise<void> {
    while (this.awaited > 0) await this.#moved.promise
  }
}
