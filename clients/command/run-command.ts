/**
 * The parts that `sotto send` and `sotto receive` have in common.
 *
 * @module
 */
import type { Readable } from 'node:stream'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import type { Profile } from '../profile/profile.ts'
import type { SignedIn } from '../profile/state.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { BottomLine, OutputStream } from '../terminal/output-stream.ts'
import { Prompt } from '../terminal/prompt.ts'
import type { Trace } from '../trace/trace.ts'
import { openAccount, type SessionOptions } from './open-account.ts'
import { Output } from './output.ts'

export interface CommandOptions extends SessionOptions {
  readonly input: Readable & { readonly isTTY?: boolean | undefined }
  readonly output: OutputStream
  readonly errors: OutputStream
  /** Show the five messages as they happen; or hand them to whoever takes them. */
  readonly trace: boolean | NonNullable<Trace>
  /** Leave out of that what this end says in a conversation, for the other end shows it. */
  readonly traceArrivals?: boolean
  /** Whether lines may be edited and drawn over where input and output are a terminal; so unless set. */
  readonly interactive?: boolean
  /** A line of the command's own at the bottom of the terminal, where nobody types. */
  readonly bottomLine?: BottomLine | undefined
  /** Messages, notices and the trace as JSON, one object a line. */
  readonly json: boolean
  /** How long to try again after a cut, in milliseconds. */
  readonly redialMs: number
  /** Durations of a channel that are to be other than the protocol's. */
  readonly channelTimes: Partial<ChannelTimes>
  /** The signal that the command is to end, aborted with `ERR_INTERRUPTED`. */
  readonly signal: AbortSignal
}

/** A command under way, with everything that it holds. */
export interface Running {
  readonly profile: Profile
  readonly account: SignedIn
  readonly clock: ServerClock
  readonly output: Output
  /** The connection to the directory, made with the first call. */
  readonly connect: () => Promise<DirectoryClient>
  readonly channelTimes: Partial<ChannelTimes>
  /** The prompt; there is one only where a person types and reads on the same terminal. */
  readonly prompt: Prompt | undefined
  /** The signal that the command is to end, for whatever reason. */
  readonly signal: AbortSignal
}

/**
 * Open what a command needs, run it, and let go of everything.
 *
 * @throws SottoError `ERR_PROFILE_MISSING`, `ERR_PROFILE_DAMAGED`, `ERR_PASSPHRASE`, `ERR_NOT_LOGGED_IN`; `ERR_OUTPUT`
 *   as soon as standard output takes no more; what the command throws.
 */
export async function runCommand(options: CommandOptions, run: (running: Running) => Promise<void>): Promise<void> {
  const { profile, account, session, clock } = await openAccount(options)
  const { channelTimes } = options
  const prompt = promptFor(options)
  const output = new Output({
    ...options,
    bottomLine: prompt ?? options.bottomLine,
    untraced: options.traceArrivals ? account.username : undefined,
  })
  let connecting: Promise<DirectoryClient> | undefined
  // Loaded with the first call, for it takes as long as all the rest of a start.
  const connectNow = async () => {
    const [{ DirectoryClient }, { keepIn }] = await Promise.all([
      import('../session/directory-client.ts'),
      import('../session/directory-link.ts'),
    ])
    const hidesAddress = profile.state.reach === 'relay'
    return new DirectoryClient({
      account,
      session,
      clock,
      trace: output.trace,
      hidesAddress,
      onLearnt: keepIn(profile),
    })
  }
  const connect = () => (connecting ??= connectNow())
  const failed = new AbortController()
  output.failed.catch((error: unknown) => failed.abort(error))
  const signals = [options.signal, failed.signal, ...(prompt ? [prompt.interrupted] : [])]
  try {
    const signal = AbortSignal.any(signals)
    await run({ profile, account, clock, output, connect, channelTimes, prompt, signal })
  } finally {
    const directory = await connecting
    directory?.close()
    prompt?.close()
    // A read that is still waiting would keep the process alive.
    options.input.destroy()
  }
}

function promptFor({ input, output, json, interactive = true }: CommandOptions): Prompt | undefined {
  if (!interactive || input.isTTY !== true || output.isTTY !== true || json) return undefined
  return new Prompt({ input, output, prompt: '> ' })
}

/** A promise that rejects with the reason when the signal is aborted, and never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined)
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
