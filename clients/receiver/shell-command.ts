/**
 * A command of the user's, run by the shell: its input, its output and its end.
 *
 * It runs in a process group of its own, so that all it has started can be ended with it.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Environment } from '#lib/runtime/environment.ts'

export interface ShellRun {
  /** Given to `sh -c`. */
  readonly command: string
  readonly env: Environment
  /** The text for its standard input, which it need not read. */
  readonly input: Uint8Array
  /** The place for its standard output: this process's own, or the caller, cut off after so many bytes. */
  readonly output: 'inherit' | { readonly maxBytes: number }
  /** Ends it: asked to by SIGTERM, and made to if it takes longer than {@link STOP_TIMEOUT_MS}. */
  readonly signal: AbortSignal
}

export interface ShellResult {
  /** 0 if it succeeded; the name of the signal that ended it. */
  readonly status: number | NodeJS.Signals
  /** The output, if it was asked for; one byte more than was asked for if there was more. */
  readonly output: Uint8Array
}

/** How long a command has to end when it is asked to, in milliseconds. */
export const STOP_TIMEOUT_MS = 5_000

/** Run a command to its end. @throws the system's error if it cannot be started. */
export async function runShell({ command, env, input, output, signal }: ShellRun): Promise<ShellResult> {
  const child = spawn('sh', ['-c', command], {
    env: { ...env },
    detached: true,
    stdio: ['pipe', output === 'inherit' ? 'inherit' : 'pipe', 'inherit'],
  })
  const ended = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>
  // A command that does not read all of it, or is gone.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const printed = output === 'inherit' ? undefined : takeUpTo(output.maxBytes + 1, child.stdout as Readable)
  const stopping = whenAborted(signal, () => stop(child))
  try {
    const [code, by] = await ended
    return { status: code ?? by ?? 1, output: (await printed) ?? new Uint8Array(0) }
  } finally {
    stopping[Symbol.dispose]()
  }
}

/** The beginning of a stream; the rest is read and dropped. */
async function takeUpTo(maxBytes: number, stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let left = maxBytes
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (left > 0) chunks.push(chunk.subarray(0, left))
      left -= chunk.length
    }
  } catch {
    // It was let go of.
  }
  return Buffer.concat(chunks)
}

/** Ask all of a group to end, and make it; what has left the group and holds on to the pipes is not waited for. */
function stop(child: ChildProcess): void {
  kill(child, 'SIGTERM')
  const timer = setTimeout(() => {
    kill(child, 'SIGKILL')
    child.stdin?.destroy()
    child.stdout?.destroy()
  }, STOP_TIMEOUT_MS)
  child.once('close', () => clearTimeout(timer))
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // Nothing of it is left.
  }
}

function whenAborted(signal: AbortSignal, run: () => void): Disposable {
  if (signal.aborted) run()
  signal.addEventListener('abort', run, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', run) }
}
