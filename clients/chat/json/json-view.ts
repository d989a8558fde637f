/**
 * All that happens in a chat, as JSON lines: every conversation at once. Names of fields are those of `sotto history --json`.
 *
 * What comes is told out of the store, and has been seen when whoever reads the lines has it.
 *
 * @module
 */

import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import { transferFields } from '../../files/report/listing.ts'
import { forgottenNotice } from '../../history/forget.ts'
import { jsonFields } from '../../history/formats.ts'
import { PeerTyping } from '../../messenger/peer-typing.ts'
import { addressOf } from '../../peer/dial.ts'
import { forProfile } from '../../profile/login-line.ts'
import type { PinState } from '../../profile/pins.ts'
import type { Person } from '../../session/roster.ts'
import type { Progress } from '../../store/log/progress.ts'
import type { Gap, Message } from '../../store/reading/messages.ts'
import type { UnreadGap } from '../../store/reading/unread.ts'
import { READER_TIMEOUT_MS, UnreadFeed } from '../../store/reading/unread-feed.ts'
import type { Store } from '../../store/store.ts'
import { isOver, type Transfer } from '../../store/transfers/transfer.ts'
import { jsonLine } from '../../terminal/json-lines.ts'
import { traceJson } from '../../trace/json.ts'
import type { TraceEvent } from '../../trace/trace.ts'
import type { Command, Message as TypedMessage } from '../command.ts'
import { type About, type ContactStatus, MORE_PEOPLE, type TransferNames, type View } from '../view.ts'
import { OwnMessages } from './own-messages.ts'

export interface JsonViewOptions {
  readonly store: Store
  /** The user's own name. */
  readonly ownName: string
  /** The name of the profile, for the commands that hints name. */
  readonly profile: string
  readonly keyOf: (name: string) => Uint8Array | undefined
  readonly progressOf: (name: string) => Progress
  /** Note what the user has seen. */
  readonly markRead: (name: string, through: Message | UnreadGap) => void
  readonly monotonicMs: () => number
  readonly schedule: Schedule
  /** Resolves when the operating system has the text. */
  readonly write: (text: string) => Promise<void>
}

/** How often the progress of a transfer is told at most, in milliseconds. */
const PROGRESS_EVERY_MS = 1_000

export class JsonView implements View {
  readonly files: TransferNames = new Numbers()
  readonly #options: JsonViewOptions
  readonly #own: OwnMessages
  readonly #feed: UnreadFeed
  readonly #typing: PeerTyping
  /** The times at which transfers under way were last reported, by id. */
  readonly #lastReportedAtMs = new Map<string, number>()
  #to: string | undefined

  constructor(options: JsonViewOptions) {
    const { store, ownName, markRead, schedule } = options
    this.#options = options
    this.#own = new OwnMessages({
      ...options,
      onEnqueued: (message, ref) => this.#emit({ ...jsonFields(message, ownName), ref }),
      onState: (contact, id, ref, state) => this.#emit({ type: 'state', contact, id, ref, state }),
    })
    this.#feed = new UnreadFeed({
      store,
      markRead,
      show: async (_name, messages) => {
        await this.#write(messages.map((message) => jsonFields(message, ownName)))
        return undefined
      },
      onGap: (contact) => this.#emit({ type: 'gap', contact }),
    })
    const onChange = (contact: string) => this.#emit({ type: 'typing', contact, active: this.#typing.has(contact) })
    this.#typing = new PeerTyping({ schedule, onChange })
  }

  /** Begin with what nobody has seen yet. */
  open(): void {
    this.#own.begin()
    this.#feed.wake()
  }

  /** Resolves when all has been written that has come. */
  async close(): Promise<void> {
    await this.#feed.drained()
    await withTimeout(this.#write([]), READER_TIMEOUT_MS)
  }

  get to(): string | undefined {
    return this.#to
  }

  /** All that comes is told at once. */
  get nextUnread(): undefined {
    return undefined
  }

  notThere(): void {
    this.#to = undefined
  }

  switchTo(name: string): void {
    this.#to = name
  }

  forgotten(name: string, waiting: number): void {
    if (name === this.#to) this.#to = undefined
    this.#own.forget(name)
    this.notice(forgottenNotice(name, waiting))
  }

  show(message: Message | Gap): void {
    this.#emit(jsonFields(message, this.#options.ownName))
  }

  /** Whatever comes is told whole. */
  showWhole(): void {}

  /** The lines of a command, which is done behind them. */
  caption(): void {}

  who(people: readonly ContactStatus[]): void {
    for (const { name: contact, isOnline: online, isProvisional: provisional, ...status } of people) {
      const { route, key, unread, undelivered } = status
      this.#emit({ type: 'contact', contact, online, route, key, provisional, unread, ...undelivered })
    }
  }

  people(people: readonly Person[], isComplete: boolean): void {
    for (const { name, displayName, isOnline } of people) {
      this.#emit({ type: 'person', name, displayName, online: isOnline })
    }
    if (!isComplete) this.notice(MORE_PEOPLE)
  }

  /** A script completes its own lines. */
  completeNames(): void {}

  undeliverable(messages: readonly Message[]): void {
    for (const message of messages) this.#emit({ ...jsonFields(message, this.#options.ownName), undeliverable: true })
  }

  enqueued(name: string, ordinal: number, { ref }: TypedMessage): void {
    this.#own.poll(name, new Map([[ordinal, ref]]))
  }

  showAppended(): void {
    this.#own.pollAll()
  }

  received(name: string, _events: readonly Event[]): void {
    this.#typing.set(name, false)
    this.#feed.wake(name)
  }

  progressed(name: string, progress: Progress): void {
    this.#own.progressed(name, progress)
  }

  typing(name: string, isActive: boolean): void {
    this.#typing.set(name, isActive)
  }

  offered(): void {
    this.#own.pollAll()
  }

  fileChanged(transfer: Transfer, error?: SottoError): void {
    const nowMs = this.#options.monotonicMs()
    const lastReportedAtMs = this.#lastReportedAtMs.get(transfer.id)
    const isProgress = transfer.state === 'accepted' && !transfer.isPaused && lastReportedAtMs !== undefined
    if (isProgress && nowMs - lastReportedAtMs < PROGRESS_EVERY_MS) return
    if (isOver(transfer)) this.#lastReportedAtMs.delete(transfer.id)
    else if (transfer.state === 'accepted') this.#lastReportedAtMs.set(transfer.id, nowMs)
    this.#emit({ ...transferFields(transfer), ...(error && { code: error.code, message: error.message }) })
  }

  presence(contact: string, online: boolean): void {
    this.#emit({ type: 'presence', contact, online })
  }

  routed(contact: string, route: Route): void {
    this.#emit({ type: 'route', contact, route })
  }

  online(endpoints: readonly Endpoint[], relay: string | undefined): void {
    this.#emit({ type: 'online', name: this.#options.ownName, endpoints: endpoints.map(addressOf), relay })
  }

  offline({ code, message }: SottoError): void {
    this.#emit({ type: 'offline', code, message })
  }

  done({ name: command, argument, ref }: Command): void {
    this.#emit({ type: 'done', command, argument, ref })
  }

  notice(text: string): void {
    this.#emit({ type: 'notice', text })
  }

  failure({ code, message, hint }: SottoError, { contact, ref }: About = {}): void {
    const next = hint && forProfile(hint, this.#options.profile)
    this.#emit({ type: 'error', code, message, hint: next, contact, ref })
  }

  /** A script has it still. */
  restoreInput(): void {}

  keyState(contact: string, state: PinState, text: string): void {
    this.#emit({ type: 'key', contact, state, text })
  }

  qrCode(text: string): void {
    this.#emit({ type: 'qr', text })
  }

  trace(event: TraceEvent): void {
    this.#emit(traceJson(event))
  }

  #emit(fields: object): void {
    // Whoever reads them has gone: the chat is told of it, and ends.
    this.#write([fields]).catch(() => undefined)
  }

  #write(lines: readonly object[]): Promise<void> {
    return this.#options.write(lines.map(jsonLine).join(''))
  }
}

/** Transfers by number, counted from 1. */
class Numbers implements TransferNames {
  readonly #ids: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(id: string): number {
    const number = this.#numbers.get(id) ?? this.#ids.push(id)
    this.#numbers.set(id, number)
    return number
  }

  withNumber(number: number): string | undefined {
    return this.#ids[number - 1]
  }

  paceOf(): object {
    return {}
  }
}
