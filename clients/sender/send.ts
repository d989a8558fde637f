/**
 * `sotto send`: a text, or a stream of lines, to one person.
 *
 * @module
 */
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import { aborted, type CommandOptions, type Running, runCommand } from '../peer/command.ts'
import { LineSplitter } from './lines.ts'
import type { Texts } from './outbox.ts'
import { Sending, THEY_WAIT } from './sending.ts'

export interface SendOptions extends CommandOptions {
  readonly to: string
  /** One message; undefined to send what comes on standard input, line by line. */
  readonly text: string | undefined
  /** Keep it for somebody who is not there, until both are online. */
  readonly queue?: boolean
}

/** Why nobody can be talked with now, which may be otherwise later. */
const NOBODY_THERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_NOT_ONLINE',
  'ERR_PEER_UNREACHABLE',
  'ERR_UNAVAILABLE',
])

/**
 * Send, and wait until all of it is acknowledged. What the other side answers meanwhile is shown, unless another command
 * of the same profile owns its conversations, which then shows it.
 *
 * @throws SottoError
 *   - `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_UTF8` for what cannot be sent; what stood before it is acknowledged by then,
 *   - `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`, `ERR_PEER_UNREACHABLE` and whatever else a first
 *     conversation fails with; nothing was sent or kept,
 *   - `ERR_NOT_ACKNOWLEDGED` if the other side went away in the middle; what is left waits in the store,
 *   - `ERR_INTERRUPTED`.
 */
export async function send(options: SendOptions): Promise<void> {
  const { to, text, queue = false, redialMs } = options
  const given = text === undefined ? undefined : checkedText(text)
  await runCommand(options, async (running) => {
    const texts: Texts = given === undefined ? linesOf(options, running) : [[given]]
    await using sending = await Sending.begin({ running, to, redialMs })
    try {
      await Promise.race([sending.reach(), sending.lost, aborted(running.signal)])
    } catch (error) {
      if (!queue || !isNobodyThere(error)) throw error
      return await keepForLater(options, running, sending.leave(texts))
    }
    try {
      await Promise.race([sending.send(texts), sending.lost, aborted(running.signal)])
    } catch (error) {
      tellUnacknowledged(error, sending, running)
      throw error
    }
  })
}

function isNobodyThere(error: unknown): boolean {
  return isSottoError(error) && NOBODY_THERE.has(error.code)
}

async function keepForLater({ to }: SendOptions, { output }: Running, left: Promise<number>): Promise<void> {
  const count = await left
  const what = count === 1 ? 'one message waits' : `${count} messages wait`
  output.notice(`${what} for ${to}, until both of you are online and a sotto chat or receive runs here`)
}

/** A text of the command line: checked before anything else happens. */
function checkedText(text: string): Uint8Array {
  const body = Buffer.from(text, 'utf8')
  if (body.length <= MAX_TEXT_BYTES) return body
  throw new SottoError('ERR_MESSAGE_TOO_LARGE', `the text is longer than ${MAX_TEXT_BYTES} bytes`, {
    hint: 'nothing was sent; a message holds 1 MiB',
  })
}

/** What is typed or piped in, in batches of lines. */
async function* linesOf({ input }: SendOptions, { editor }: Running): AsyncGenerator<Iterable<Uint8Array>> {
  if (editor !== undefined) {
    for await (const line of editor.lines()) yield [Buffer.from(line, 'utf8')]
    return
  }
  const splitter = new LineSplitter()
  for await (const chunk of input) yield splitter.push(chunk as Uint8Array)
  const last = splitter.end()
  if (last !== undefined) yield [last]
}

function tellUnacknowledged(error: unknown, { waiting }: Sending, { output }: Running): void {
  if (waiting === 0 || isSottoError(error, 'ERR_NOT_ACKNOWLEDGED')) return
  output.notice(`not acknowledged: ${waiting} of the messages`)
  output.notice(THEY_WAIT)
}
