/**
 * `sotto send`: a text, or a stream of lines, to one person.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import { Call } from '../peer/call.ts'
import { aborted, type CommandOptions, type Running, runCommand } from '../peer/command.ts'
import type { MemoryExchange } from '../peer/exchange.ts'
import { handOver, isNobodyThere, keepForLater, type Texts } from './hand-over.ts'
import { LineSplitter } from './lines.ts'

export interface SendOptions extends CommandOptions {
  readonly to: string
  /** One message; undefined to send what comes on standard input, line by line. */
  readonly text: string | undefined
  /** Keep it for somebody who is not there, until both are online. */
  readonly queue?: boolean
}

/**
 * Send, and wait until all of it is acknowledged. What the other side answers meanwhile is shown, unless a chat of the
 * same profile runs, which then says it.
 *
 * @throws SottoError
 *   - `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_UTF8` for what cannot be sent; what stood before it is acknowledged by then,
 *   - `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`, `ERR_PEER_UNREACHABLE` and whatever else a first
 *     conversation fails with; nothing was sent,
 *   - `ERR_NOT_ACKNOWLEDGED` if the other side went away in the middle,
 *   - `ERR_INTERRUPTED`.
 */
export async function send(options: SendOptions): Promise<void> {
  const { to, text, queue = false, redialMs, clock } = options
  const given = text === undefined ? undefined : checkedText(text)
  await runCommand(options, async (running) => {
    const texts = () => (given === undefined ? linesOf(options, running) : [[given]])
    const keeping = { ...running, to, queue, redialMs, clock }
    if (running.profile.hasMessenger) return handOver(keeping, texts())
    try {
      await sendNow(options, running, texts)
    } catch (error) {
      if (!queue || !isNobodyThere(error)) throw error
      await keepForLater(keeping, texts())
    }
  })
}

/** Send in a conversation of this process's own. */
async function sendNow({ to, redialMs }: SendOptions, running: Running, texts: () => Texts): Promise<void> {
  const { output, signal } = running
  const deliver = output.show.bind(output)
  const onPinned = (name: string) => output.notice(`this is the first conversation with ${name}: their key is pinned`)
  const onCut = () => output.notice(`the connection to ${to} broke; trying again`)
  const onResumed = () => output.notice(`the connection to ${to} is there again`)
  const calling = { ...running, deliver, onPinned, trace: output.trace }
  const call = new Call({ calling, peerName: to, redialMs, onCut, onResumed })
  try {
    await call.open(signal)
    await Promise.race([speak(call.exchange, texts()), call.lost, aborted(signal)])
  } catch (error) {
    await call.close(CloseReason.SHUTDOWN)
    tellUnacknowledged(error, call.exchange, running)
    throw error
  }
  await call.close(CloseReason.DONE)
}

/** A text of the command line: checked before anything else happens. */
function checkedText(text: string): Uint8Array {
  const body = Buffer.from(text, 'utf8')
  if (body.length <= MAX_TEXT_BYTES) return body
  throw new SottoError('ERR_MESSAGE_TOO_LARGE', `the text is longer than ${MAX_TEXT_BYTES} bytes`, {
    hint: 'nothing was sent; a message holds 1 MiB',
  })
}

/** Say everything, and wait until it is acknowledged, even where the end of it could not be sent. */
async function speak(exchange: MemoryExchange, batches: Texts): Promise<void> {
  let failure: unknown
  try {
    for await (const batch of batches) {
      for (const text of batch) {
        if (!exchange.hasRoom) await exchange.room()
        exchange.say(text)
      }
    }
  } catch (error) {
    failure = error
  }
  await exchange.allAcknowledged()
  if (failure !== undefined) throw failure
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

function tellUnacknowledged(error: unknown, { unacknowledged }: MemoryExchange, { output }: Running): void {
  const isTold = error instanceof SottoError && error.code === 'ERR_NOT_ACKNOWLEDGED'
  if (unacknowledged > 0 && !isTold) output.notice(`not acknowledged: ${unacknowledged} of the messages`)
}
