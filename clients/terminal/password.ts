/**
 * Where a password or a passphrase comes from: a file, a pipe, or a person who types it unseen. Never a command line,
 * which every user of the machine can read.
 *
 * @module
 */
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { SottoError } from '#lib/errors.ts'
import { readSecretFile } from '#lib/runtime/files.ts'
import { type RawInput, suspend } from '#lib/runtime/job-control.ts'
import { Secret } from '#lib/secret.ts'

export interface PasswordInput {
  /** What to call it where it is told of; a password unless set. */
  readonly what?: 'password' | 'passphrase'
  /** Read the password from this file, less one line end. */
  readonly file?: string | undefined
  /** A terminal, where the person is asked; or a pipe, of which each password is one line. */
  readonly input: NodeJS.ReadableStream & RawInput & { readonly isTTY?: boolean | undefined }
  /** Where the question is put. */
  readonly output: NodeJS.WritableStream
  /** Aborted to wait no longer. */
  readonly signal?: AbortSignal | undefined
}

/** What to do where there is none. */
const HINTS = {
  password: 'type it when asked, pipe it in as one line, or name a file with --password-file',
  passphrase:
    'type it when asked, or name a file that holds it: with SOTTO_PASSPHRASE_FILE, or with the options that --help shows',
} as const

/** What the next one must be; it throws if it is not. */
type Check = (password: Secret) => void

/**
 * Asks for passwords, one after the other. Nothing that is typed between two questions shows either; dispose of it when
 * done, so that the terminal or pipe is let go.
 */
export class PasswordReader implements Disposable {
  readonly #input: PasswordInput
  #source: Interface | undefined
  #lines: AsyncIterator<string> | undefined
  #isReading = false
  readonly #interrupted = Promise.withResolvers<never>()

  constructor(input: PasswordInput) {
    this.#input = input
    this.#interrupted.promise.catch(() => {})
  }

  /**
   * Read one password.
   *
   * @param question - What a person is asked, without the colon.
   * @param options.twice - On a terminal, ask again and compare: for a password that is being set.
   * @param options.check - Called with it, before it is asked for again.
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
    const password = this.#checked(await this.#ask(question), check)
    if (twice && !password.equals(this.#checked(await this.#ask(`${question}, again`)))) {
      throw new SottoError('ERR_USAGE', `the two ${this.#what}s differ`, { hint: 'try again; nothing was changed' })
    }
    return password
  }

  /** Whether it is a person who is asked, and may be asked again. */
  get isInteractive(): boolean {
    return this.#input.file === undefined && this.#input.input.isTTY === true
  }

  get #what(): 'password' | 'passphrase' {
    return this.#input.what ?? 'password'
  }

  [Symbol.dispose](): void {
    this.#source?.close()
  }

  async #ask(question: string): Promise<string> {
    const { output } = this.#input
    output.write(`${question}: `)
    try {
      return await this.#nextLine()
    } finally {
      output.write('\n')
    }
  }

  /** The next line; empty if there is none. */
  async #nextLine(): Promise<string> {
    this.#lines ??= this.#open()
    this.#isReading = true
    try {
      const { value, done } = await Promise.race([this.#interrupted.promise, this.#lines.next()])
      return done ? '' : value
    } finally {
      this.#isReading = false
    }
  }

  #open(): AsyncIterator<string> {
    const { input, signal } = this.#input
    const terminal = input.isTTY === true
    // readline needs somewhere to echo to; nowhere is where a password belongs.
    const output = terminal ? new Writable({ write: (_chunk, _encoding, done) => done() }) : undefined
    const crlfDelay = Number.POSITIVE_INFINITY
    this.#source = createInterface({ input, output, terminal, historySize: 0, crlfDelay, signal })
    this.#source.on('SIGINT', () => {
      if (this.#isReading) this.#interrupted.reject(new SottoError('ERR_INTERRUPTED', 'interrupted'))
      // What the terminal itself makes of Ctrl-C where nobody reads its keys.
      else process.kill(process.pid, 'SIGINT')
    })
    this.#source.on('SIGTSTP', () => suspend(input, () => undefined))
    return this.#source[Symbol.asyncIterator]()
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
