/**
 * The output of a client: messages on standard output, everything else on standard error.
 *
 * - In a pipe a message is its bytes and `\n`, unchanged.
 * - On a terminal it is `name: text`, with control characters as escapes; where it was written at another time than it
 *   arrived at, both stand behind the name, and before them that it came by letter.
 * - With `--json` it is a line of JSON: `{"type":"message","from":…,"id":…,"writtenAt":…,"storedAt":…,"text":…}`.
 *
 * Events about files are JSON with the fields of {@link eventFields}. The other forms leave them out: whoever follows
 * transfers reports them on standard error.
 *
 * @module
 */

import { styleText } from 'node:util'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import type { SottoError } from '#lib/errors.ts'
import { createCalendar, isLate } from '../terminal/calendar.ts'
import { columnsOf } from '../terminal/cluster.ts'
import { escapeForTerminal } from '../terminal/escape.ts'
import { behindGutter } from '../terminal/gutter.ts'
import { jsonLine } from '../terminal/json-lines.ts'
import type { BottomLine, OutputStream } from '../terminal/output-stream.ts'
import { outputFailure } from '../terminal/output-watch.ts'
import { traceTo } from '../trace/render.ts'
import { isOfConversation, type Trace, type TraceEvent } from '../trace/trace.ts'
import { eventFields } from './event-fields.ts'

export interface OutputOptions {
  readonly output: OutputStream
  readonly errors: OutputStream
  readonly json: boolean
  /** Whether to show the five messages as they happen; or what takes them in place of that. */
  readonly trace: boolean | NonNullable<Trace>
  /** The name whose records of a conversation are left out of that. */
  readonly untraced?: string | undefined
  /** The line on the same terminal that is edited, or written over and over: everything is shown above it. */
  readonly bottomLine: BottomLine | undefined
}

/** The indent of each further row of a text on a terminal. */
const INDENT = 2

/** What is shown of somebody's. */
interface Incoming {
  readonly event: Event
  /** Whether it came by letter. */
  readonly isLetter?: boolean
  readonly storedAt: Date
}

export class Output {
  /** Shows a message of the protocol; undefined unless it is to be shown. */
  readonly trace: Trace
  readonly #options: OutputOptions
  readonly #isTerminal: boolean
  readonly #calendar = createCalendar()
  readonly #failure = Promise.withResolvers<never>()

  constructor(options: OutputOptions) {
    this.#options = options
    this.#isTerminal = options.output.isTTY === true && !options.json
    this.failed.catch(() => undefined)
    // A reader that has gone away, as in `sotto receive | head`.
    options.output.on('error', (cause: unknown) => void this.#fail(cause))
    // Nobody is left to tell.
    options.errors.on('error', () => undefined)
    this.trace = this.#traceOf(options)
  }

  #traceOf({ trace, ...options }: OutputOptions): Trace {
    if (typeof trace === 'function') return trace
    if (!trace) return undefined
    const show = traceTo(options.errors, options)
    return (event) => this.#isTraced(event) && this.printAbove(() => show(event))
  }

  #isTraced(event: TraceEvent): boolean {
    return !isOfConversation(event) || event.from !== this.#options.untraced
  }

  /** Rejects with `ERR_OUTPUT` once standard output takes no more. It never resolves. */
  get failed(): Promise<never> {
    return this.#failure.promise
  }

  /**
   * Show messages.
   *
   * @returns when the operating system has taken every byte: only then they may be acknowledged.
   * @throws SottoError `ERR_OUTPUT` if it takes no more.
   */
  async show(peerName: string, messages: readonly Incoming[]): Promise<void> {
    const formatted = messages.flatMap((message) => this.#format(peerName, message))
    if (formatted.length > 0) await this.#write(Buffer.concat(formatted))
  }

  #format(peerName: string, message: Incoming): Uint8Array[] {
    const { event, storedAt, isLetter = false } = message
    const { eventId, writtenAt } = event
    if (this.#options.json) {
      const { type, ...fields } = eventFields(event)
      const letter = isLetter ? true : undefined
      return [jsonLine({ type, from: peerName, id: eventId.toString('hex'), writtenAt, storedAt, letter, ...fields })]
    }
    const body = byKind(event, SHOWN)
    if (body === undefined) return []
    if (!this.#isTerminal) return [body, LINE_FEED]
    const { output } = this.#options
    const who = `${peerName}${isLetter ? ' (by letter)' : ''}${this.#timesOf(message)}:`
    const lines = [escapeForTerminal(body.toString('utf8'))]
    const rows = behindGutter(lines, { head: columnsOf(`${who} `), indent: INDENT, output })
    return [Buffer.from(`${styleText('bold', who, { stream: output })} ${rows}\n`)]
  }

  #timesOf({ event: { writtenAt }, storedAt }: Incoming): string {
    if (writtenAt === undefined || !isLate(writtenAt, storedAt)) return ''
    const { stampOf } = this.#calendar
    return ` (written ${stampOf(writtenAt)}, arrived ${stampOf(storedAt)})`
  }

  /** Write an object as a line of JSON, as the result of the command: only where JSON is asked for. */
  printJson(fields: object): void {
    // That it takes no more is told by `failed`.
    this.#write(jsonLine(fields)).catch(() => undefined)
  }

  /** Tell the person, or whoever reads the JSON, what goes on. */
  notice(text: string): void {
    const { errors, json } = this.#options
    this.printAbove(() => errors.write(json ? jsonLine({ type: 'notice', text }) : `sotto: ${text}\n`))
  }

  /** Write something to the terminal by other means than this, where it does not disturb. */
  printAbove<T>(write: () => T): T {
    const { bottomLine } = this.#options
    return bottomLine === undefined ? write() : bottomLine.printAbove(write)
  }

  #fail(cause: unknown): SottoError {
    const error = outputFailure(cause, 'what was not written is kept, and comes with the next sotto receive or chat')
    this.#failure.reject(error)
    return error
  }

  #write(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (cause?: Error | null) => (cause ? reject(this.#fail(cause)) : resolve())
    this.printAbove(() => this.#options.output.write(bytes, done))
    return promise
  }
}

/** The bytes of an event that are shown unless it is JSON. */
const SHOWN: ByKind<Buffer | undefined> = {
  text: ({ body }) => body,
  fileOffer: () => undefined,
  fileStatus: () => undefined,
}

const LINE_FEED = Buffer.from('\n')
