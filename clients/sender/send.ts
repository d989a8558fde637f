/**
 * `sotto send`: a text, or a stream of lines, or files, to one person.
 *
 * @module
 */
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import { aborted, type CommandOptions, type Running, runCommand } from '../command/run-command.ts'
import { WaitingNotice } from '../command/waiting-notice.ts'
import type { Prepared } from '../files/files.ts'
import { checkOfferable, prepareOffer } from '../files/offer/prepare-offer.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { escapeName } from '../terminal/escape.ts'
import { StatusLine } from '../terminal/status-line.ts'
import { jsonLinesOf, linesOf } from './input.ts'
import { OfferDisplay } from './offer-display.ts'
import type { Report, Texts } from './send-tracker.ts'
import { type MailboxSeen, Sending } from './sending.ts'
import { leftInMailbox, THEY_GO_ON, THEY_WAIT } from './unacknowledged.ts'
import type { Wait } from './wait.ts'

export interface SendOptions extends CommandOptions {
  readonly to: string
  /** The one message; undefined to send what comes on standard input, line by line, or nothing if there are files. */
  readonly text: string | undefined
  /** Paths of files and folders to offer. */
  readonly files?: readonly string[]
  /** Keep it for somebody who is not there, until both are online. */
  readonly queue?: boolean
  /**
   * How far messages are to come before it is done: into the other side's store unless set, or into its mailbox while it is
   * away.
   */
  readonly wait?: Wait | undefined
  /** How long to wait for others, the first contact included, in milliseconds; as long as it takes unless set. */
  readonly timeoutMs?: number | undefined
  /** Read lines as they stand, with `json` too. */
  readonly plainInput?: boolean
}

/** The reasons why a conversation cannot be held now, but may be later. */
const NOBODY_THERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_NOT_ONLINE',
  'ERR_PEER_UNREACHABLE',
  'ERR_UNAVAILABLE',
  // Not reached within --timeout.
  'ERR_NOT_ACKNOWLEDGED',
])

/** The reasons why somebody is away, as far as can be told from here. */
const AWAY: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_NOT_ONLINE', 'ERR_PEER_UNREACHABLE'])

/**
 * Send, and wait until all of it is acknowledged. What the other side answers meanwhile is shown, unless another command
 * of the same profile owns its conversations, which then shows it.
 *
 * @throws SottoError
 *   - `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_UTF8` for what cannot be sent; what stood before it is acknowledged by then,
 *   - `ERR_NO_SUCH_USER`, `ERR_NOT_ONLINE`, `ERR_KEY_CHANGED`, `ERR_PEER_UNREACHABLE` and whatever else a first
 *     conversation fails with; nothing was sent or kept,
 *   - `ERR_NOT_ACKNOWLEDGED` if the other side went away in the middle, its mailbox takes no more, or time is over; what
 *     is left waits in the store,
 *   - `ERR_INVALID_FILE`, `ERR_MESSAGE_TOO_LARGE` for what cannot be offered; `ERR_FILE_NOT_RECEIVED` if the other side
 *     has declined or cancelled a file, or could not keep it; `ERR_FILE_SOURCE_CHANGED` if one has changed here
 *     meanwhile,
 *   - `ERR_INTERRUPTED`.
 */
export async function send(options: SendOptions): Promise<void> {
  const { text, files: paths = [], queue = false, errors, json } = options
  await checkGiven(text, paths, options.signal)
  const given = text === undefined ? undefined : Buffer.from(text, 'utf8')
  const hasFiles = paths.length > 0
  const mayDraw = options.interactive !== false
  const bottomLine = hasFiles && mayDraw && errors.isTTY === true && !json ? new StatusLine(errors) : undefined
  const interactive = mayDraw && !hasFiles
  await runCommand({ ...options, interactive, bottomLine }, async (running) => {
    const texts: Texts = given !== undefined ? [[given]] : hasFiles ? [] : textsOf(options, running)
    using display = new OfferDisplay({ ...options, output: running.output, statusLine: bottomLine })
    const files = prepared(paths, running, display)
    const onFile = (transfer: Transfer, error?: SottoError) => display.changed(transfer, error)
    const onReport = json ? (report: Report) => printReport(options, running, report) : undefined
    using waiting = new WaitingNotice({
      isWatched: errors.isTTY === true,
      notice: (text) => running.output.notice(text),
    })
    const onWaiting = (forWhat?: string) => (forWhat === undefined ? waiting.stop() : waiting.begin(forWhat))
    await using sending = await Sending.begin({ ...options, running, onFile, onReport, onWaiting })
    try {
      await Promise.race([sending.reach(), sending.lost, aborted(running.signal)])
    } catch (error) {
      if (isSottoError(error) && AWAY.has(error.code) && mayPost(options)) {
        const seen = await Promise.race([sending.seeMailbox(), sending.lost, aborted(running.signal)])
        const leave = () => sending.leave(texts, files)
        if (seen.state !== 'none') return await leaveForLater(options, running, sending, seen, leave)
      }
      if (!queue || !isNobodyThere(error)) throw error
      return await keepForLater(options, running, sending, () => sending.queueOnly(texts, files))
    }
    try {
      await Promise.race([sending.send(texts, files), sending.lost, aborted(running.signal)])
    } catch (error) {
      noticeUnacknowledged(error, sending, running)
      throw error
    }
    if (sending.isByLetter) noticeLeft(options, running, sending)
    refuseUntaken(sending.transfers)
  })
}

/**
 * See that all of what the command line names can be sent, before anything is done for any of it.
 *
 * @throws SottoError `ERR_USAGE`, `ERR_MESSAGE_TOO_LARGE`, `ERR_INVALID_FILE`; the signal's reason.
 */
export async function checkGiven(
  text: string | undefined,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (text !== undefined) checkText(Buffer.from(text, 'utf8'))
  await checkOfferable(paths, signal)
}

/** The offers, each as soon as it is read. */
async function* prepared(
  paths: readonly string[],
  { output, signal }: Running,
  display: OfferDisplay,
): AsyncGenerator<Prepared> {
  for (const [index, path] of paths.entries()) {
    const onHashed = (done: number, total: number) => display.reading(path, done, total)
    const { skipped, ...offer } = await prepareOffer(path, { signal, onHashed }).catch((error: unknown) => {
      // What was offered before may be waited for yet, and for long.
      if (index > 0 && isSottoError(error)) output.notice(`${error.message}; what was offered before it goes on`)
      throw error
    })
    for (const left of skipped) output.notice(`left out, for it is a link or no file: ${escapeName(left)}`)
    yield offer
  }
}

/** @throws SottoError if not all of it has arrived. */
function refuseUntaken(transfers: readonly Transfer[]): void {
  const unreceived = transfers.filter(({ state }) => state !== 'received')
  if (unreceived.length === 0) return
  const what = transfers.length === 1 ? 'the file' : `${unreceived.length} of ${transfers.length} files`
  if (unreceived.every(({ state }) => state === 'source-changed')) {
    throw new SottoError('ERR_FILE_SOURCE_CHANGED', `${what} changed before it was there`, { hint: 'offer it again' })
  }
  throw new SottoError('ERR_FILE_NOT_RECEIVED', `${what} did not arrive`, {
    hint: 'sotto files shows what became of it',
  })
}

function isNobodyThere(error: unknown): boolean {
  return isSottoError(error) && NOBODY_THERE.has(error.code)
}

/**
 * Whether what is sent may be left at the mailbox of somebody who is away. An offer of a file is not a file, so whoever waits
 * for that is not content with it.
 */
function mayPost({ wait, queue = false, files = [] }: SendOptions): boolean {
  return queue || wait === 'posted' || wait === 'sent' || (wait === undefined && files.length === 0)
}

/** Leave it at their mailbox, and say so; what finds no place there waits, which is a failure unless that was asked for. */
async function leaveForLater(
  options: SendOptions,
  running: Running,
  sending: Sending,
  mailbox: Exclude<MailboxSeen, { state: 'none' }>,
  leave: () => Promise<void>,
): Promise<void> {
  const { output } = running
  // Of a text it is said in a moment.
  if (options.text === undefined) {
    const goes = `${options.to} is away: what you send goes into their mailbox`
    output.notice(mailbox.state === 'full' ? mailbox.notice : goes)
  }
  try {
    await Promise.race([leave(), sending.lost, aborted(running.signal)])
  } catch (error) {
    if (!isSottoError(error, 'ERR_NOT_ACKNOWLEDGED') || options.queue !== true) throw error
    output.notice(error.message)
    return await keepForLater(options, running, sending, async () => {})
  }
  noticeLeft(options, running, sending)
}

/** Say what lies in their mailbox, and what becomes of files that are offered so. */
function noticeLeft({ to }: SendOptions, { output }: Running, { left, unfinished: files }: Sending): void {
  if (left > 0) output.notice(leftInMailbox(to, left))
  if (files === 0) return
  output.notice(`${files === 1 ? 'one file is offered' : `${files} files are offered`} in ${to}’s mailbox`)
  noticeFilesWait(output)
}

function noticeFilesWait(output: Running['output']): void {
  output.notice('leave what was offered as it is: it is read again when it goes')
}

/** Leave it there, and say what waits: that much does, too, where the rest cannot be sent. */
async function keepForLater(
  { to }: SendOptions,
  { output }: Running,
  sending: Sending,
  leave: () => Promise<void>,
): Promise<void> {
  try {
    await leave()
  } finally {
    const { waiting: messages, unfinished: files } = sending
    const until = `for ${to}, until both of you are online and a sotto chat, web or receive runs here`
    if (messages > 0) output.notice(`${messages === 1 ? 'one message waits' : `${messages} messages wait`} ${until}`)
    if (files > 0) {
      output.notice(`${files === 1 ? 'one file waits' : `${files} files wait`} ${until}`)
      noticeFilesWait(output)
    }
  }
}

function checkText(body: Uint8Array): void {
  if (body.length === 0) {
    throw new SottoError('ERR_USAGE', 'the message is empty', {
      hint: 'write one, or leave it out to send what you type or pipe in',
    })
  }
  if (body.length <= MAX_TEXT_BYTES) return
  throw new SottoError('ERR_MESSAGE_TOO_LARGE', `the text is longer than ${MAX_TEXT_BYTES} bytes`, {
    hint: 'nothing was sent; a message holds 1 MiB',
  })
}

/** The texts that are typed or piped in. */
function textsOf({ input, json, plainInput = false }: SendOptions, { prompt }: Running): Texts {
  return json && !plainInput ? jsonLinesOf(input) : linesOf(input, prompt)
}

/** A line of JSON for each message, with what became of it. */
function printReport({ to: contact }: SendOptions, { output }: Running, { id, ref, state }: Report): void {
  output.printJson({ type: 'state', contact, id, ref, state })
}

function noticeUnacknowledged(error: unknown, { waiting, unfinished }: Sending, { output }: Running): void {
  if (isSottoError(error, 'ERR_NOT_ACKNOWLEDGED')) return
  if (waiting > 0) {
    output.notice(`not acknowledged: ${waiting} of the messages`)
    output.notice(THEY_WAIT)
  }
  if (unfinished > 0) output.notice(`not arrived: ${unfinished} of the files; ${THEY_GO_ON}`)
}
