/**
 * The source of a password or a passphrase: a file, a pipe, or a person who types it unseen. Never a command line,
 * which every user of the machine can read.
 *
 * @module
 */
import { createInterface } from 'node:readline'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { readSecretFile } from '#lib/runtime/files.ts'
import type { RawInput } from '#lib/runtime/job-control.ts'
import { Secret } from '#lib/secret.ts'
import { UnseenLines } from './unseen-lines.ts'

export interface PasswordInput {
  /** The word for it in prompts and errors; a password unless set. */
  readonly what?: 'password' | 'passphrase'
  /** Read the password from this file, less one line end. */
  readonly file?: string | undefined
  /** A terminal, where the person is asked; or a pipe, of which each password is one line. */
  readonly input: NodeJS.ReadableStream & RawInput & { readonly isTTY?: boolean | undefined }
  /** The output for the question. */
  readonly output: NodeJS.WritableStream
  /** The signal to wait no longer. */
  readonly signal?: AbortSignal | undefined
}

/** The hint where there is none. */
const HINTS = {
  password: 'type it when asked, pipe it in as one line, or name a file with --password-file',
  passphrase:
    'type it when asked, or name a file that holds it: with SOTTO_PASSPHRASE_FILE, or with the options that --help shows',
} as const

/** How often a person is asked for a password that is being set. */
const MAX_ATTEMPTS = 3

/** Checks a password, and throws if it is not acceptable. */
type Check = (password: Secret) => void

/**
 * Asks for passwords, one after the other. Keys that are typed between two questions stay hidden, too. Dispose of it
 * when done, to let go of the terminal or pipe.
 */
export class PasswordReader implements Disposable {
  readonly #input: PasswordInput
  #lines: Lines | undefined
  /** The question that waits for its answer; undefined while nobody reads. */
  #question: string | undefined
  readonly #interrupted = Promise.withResolvers<never>()

  constructor(input: PasswordInput) {
    this.#input = input
    this.#interrupted.promise.catch(() => {})
  }

  /**
   * Read one password.
   *
   * @param question - What a person is asked, without the colon.
   * @param options.twice - On a terminal, ask for it once more and compare: for a password that is being set. A person whose
   *   two differ, or whose password will not do, is told why and asked again, {@link MAX_ATTEMPTS} times in all.
   * @param options.check - Called with it, before it is asked for once more.
   * @throws SottoError `ERR_USAGE` if there is none, or the two differ; `ERR_INTERRUPTED` on Ctrl-C; what the signal was
   *   aborted with; what `check` throws.
   */
  async read(
    question: string,
    { twice = false, check = () => {} }: { twice?: boolean; check?: Check } = {},
  ): Promise<Secret> {
    const { file, input } = this.#input
    if (file !== undefined) return this.#checked(await readSecretFile(file), check)
    if (input.isTTY !== true) return this.#checked(await this.#nextLine(), check)
    if (!twice) return this.#checked(await this.#ask(question), check)
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#readTwice(question, check)
      } catch (error) {
        const mayMend = isSottoError(error, 'ERR_USAGE') || isSottoError(error, 'ERR_INVALID_ARGUMENT')
        if (!mayMend || attempt === MAX_ATTEMPTS) throw error
        this.#input.output.write(`sotto: ${error.message}${error.hint === undefined ? '' : `: ${error.hint}`}\n`)
      }
    }
  }

  async #readTwice(question: string, check: Check): Promise<Secret> {
    const password = this.#checked(await this.#ask(question), check)
    if (password.equals(this.#checked(await this.#ask(`${question}, again`)))) return password
    throw new SottoError('ERR_USAGE', `the two ${this.#what}s differ`, { hint: 'try again; nothing was changed' })
  }

  /** Whether it is a person who is asked, and may be asked again. */
  get isInteractive(): boolean {
    return this.#input.file === undefined && this.#input.input.isTTY === true
  }

  get #what(): 'password' | 'passphrase' {
    return this.#input.what ?? 'password'
  }

  [Symbol.dispose](): void {
    this.#lines?.close()
  }

  async #ask(question: string): Promise<string> {
    const { output } = this.#input
    output.write(`${question}: `)
    try {
      return await this.#nextLine(question)
    } finally {
      output.write('\n')
    }
  }

  /** The next line; empty if there is none. */
  async #nextLine(question = ''): Promise<string> {
    this.#lines ??= this.#open()
    this.#question = question
    try {
      return (await Promise.race([this.#interrupted.promise, this.#lines.next()])) ?? ''
    } finally {
      this.#question = undefined
    }
  }

  #open(): Lines {
    const { input, signal } = this.#input
    if (input.isTTY !== true) return pipedLines(this.#input)
    return new UnseenLines({
      input,
      signal,
      onInterrupt: () => {
        if (this.#question !== undefined) this.#interrupted.reject(new SottoError('ERR_INTERRUPTED', 'interrupted'))
        // What the terminal itself makes of Ctrl-C where nobody reads its keys.
        else process.kill(process.pid, 'SIGINT')
      },
      onResumed: () => this.#askAgain(),
    })
  }

  /** The question stands above what the shell has written meanwhile. */
  #askAgain(): void {
    if (this.#question !== undefined) this.#input.output.write(`${this.#question}: `)
  }

  #checked(text: string, check: Check = () => {}): Secret {
    // An input that was let go of looks like one that has ended.
    this.#input.signal?.throwIfAborted()
    if (text === '') throw new SottoError('ERR_USAGE', `no ${this.#what} was given`, { hint: HINTS[this.#what] })
    const password = Secret.of(Buffer.from(text, 'utf8'))
    check(password)
    return password
  }
}

/** The source of passwords, a line each. */
interface Lines {
  /** The next entry; undefined after the last. */
  next(): Promise<string | undefined>
  close(): void
}

function pipedLines({ input, signal }: PasswordInput): Lines {
  const source = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY, signal })
  const lines = source[Symbol.asyncIterator]()
  return {
    next: async () => {
      const { value, done } = await lines.next()
      return done ? undefined : value
    },
    close: () => source.close(),
  }
}
