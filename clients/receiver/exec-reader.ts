/**
 * `sotto receive --exec`: a command of the user's takes the messages, one by one.
 *
 * A message counts as read when the command has ended with 0. Until then it comes again, with the same id: after a
 * while if the command fails, and at the next start if this process ends before.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { type ByKind, byKind } from '#lib/delivery/event-kind.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { isSottoError } from '#lib/errors.ts'
import type { Environment } from '#lib/runtime/environment.ts'
import { Backoff } from '../session/backoff.ts'
import type { Message } from '../store/reading/messages.ts'
import { runShell, type ShellResult } from './shell-command.ts'

export interface ExecOptions {
  /** Run by `sh -c`, once for each message. */
  readonly command: string
  /** Whether to say to the writer what it prints. */
  readonly reply: boolean
  /** How long to wait after the first failure, at most, in milliseconds; {@link FIRST_RETRY_MS} unless set. */
  readonly firstRetryMs?: number
}

export interface ExecReaderOptions extends ExecOptions {
  readonly env: Environment
  readonly send: (name: string, text: Uint8Array) => Promise<unknown>
  readonly notice: (text: string) => void
  readonly signal: AbortSignal
}

/** How long to wait after a failure before the same message comes again, in milliseconds. */
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000

export class ExecReader {
  readonly #options: ExecReaderOptions
  /** The failures of those for whose oldest message the command failed. */
  readonly #backoffs = new Map<string, Backoff>()

  constructor(options: ExecReaderOptions) {
    this.#options = options
  }

  /**
   * Run the command for a message.
   *
   * @returns undefined when it has the message; otherwise how long to wait before the message comes again, in
   *   milliseconds.
   * @throws the system's error if no command can be started at all; the signal's reason.
   */
  async take(name: string, { event, storedAt }: Message): Promise<number | undefined> {
    const { command, reply, env, signal } = this.#options
    const text = byKind(event, INPUT)
    if (text === undefined) return undefined
    signal.throwIfAborted()
    const id = event.eventId.toString('hex')
    const result = await runShell({
      command,
      env: {
        ...env,
        SOTTO_FROM: name,
        SOTTO_ID: id,
        SOTTO_WRITTEN_AT: event.writtenAt?.toISOString(),
        SOTTO_STORED_AT: storedAt.toISOString(),
      },
      input: text,
      output: reply ? { maxBytes: MAX_TEXT_BYTES } : 'inherit',
      signal,
    })
    signal.throwIfAborted()
    const failure = failureOf(result)
    if (failure !== undefined) return this.#tryAgain(name, `the command ${failure} for ${id} from ${name}`)
    this.#backoffs.delete(name)
    if (reply) await this.#answer(name, result.output)
    return undefined
  }

  #tryAgain(name: string, what: string): number {
    const { firstRetryMs = FIRST_RETRY_MS, notice } = this.#options
    const backoff = this.#backoffs.get(name) ?? new Backoff({ firstMs: firstRetryMs, longestMs: LONGEST_RETRY_MS })
    this.#backoffs.set(name, backoff)
    const waitMs = backoff.nextMs()
    notice(`${what}; again in ${Math.ceil(waitMs / 1_000)} s`)
    return waitMs
  }

  /** Say what was printed, less the line end behind it. */
  async #answer(name: string, printed: Uint8Array): Promise<void> {
    const text = printed.at(-1) === LINE_FEED ? printed.subarray(0, -1) : printed
    if (text.length === 0) return
    try {
      await this.#options.send(name, text)
    } catch (error) {
      if (!isSottoError(error)) throw error
      this.#options.notice(`to ${name}: ${error.message}`)
    }
  }
}

/** The bytes of an event that the command gets; an event without them is passed over. Of files others tell. */
const INPUT: ByKind<Buffer | undefined> = {
  text: ({ body }) => body,
  fileOffer: () => undefined,
  fileStatus: () => undefined,
}

const LINE_FEED = 0x0a

function failureOf({ status, output }: ShellResult): string | undefined {
  if (typeof status === 'string') return `was ended by ${status}`
  if (status !== 0) return `ended with ${status}`
  if (output.length > MAX_TEXT_BYTES) return 'printed more than a message holds'
  return isUtf8(output) ? undefined : 'printed what is not UTF-8'
}
