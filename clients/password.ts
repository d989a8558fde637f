/**
 * Where a password or a passphrase comes from: a file, a pipe, or a person who types it unseen. Never a command line,
 * which every user of the machine can read.
 *
 * @module
 */
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { Writable } from 'node:stream'
import { SottoError } from '#lib/errors.ts'
import { readSecretFile } from '#lib/runtime/files.ts'
import { Secret } from '#lib/secret.ts'

export interface PasswordInput {
  /** What to call it where it is told of; a password unless set. */
  readonly what?: 'password' | 'passphrase'
  /** Read the password from this file, less one line end. */
  readonly file?: string | undefined
  /** A terminal, where the person is asked; or a pipe, of which each password is one line. */
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  /** Where the question is put. */
  readonly output: NodeJS.WritableStream
  /** Aborted to wait no longer. */
  readonly signal?: AbortSignal | undefined
}

/** What to do where there is none. */
const HINTS = {
  password: 'type it when asked, pipe it in as one line, or name a file with --password-file',
  passphrase: 'type it when asked, or name a file that holds it: with SOTTO_PASSPHRASE_FILE, or as --help shows',
} as const

/** Asks for passwords, one after the other. Dispose of it when done, so that the input is let go. */
export class PasswordReader implements Disposable {
  readonly #input: PasswordInput
  #lines: AsyncIterator<string> | undefined
  #pipe: Interface | undefined

  constructor(input: PasswordInput) {
    this.#input = input
  }

  /**
   * Read one password.
   *
   * @param question - What a person is asked, without the colon.
   * @param options.twice - On a terminal, ask again and compare: for a password that is being set.
   * @throws SottoError `ERR_USAGE` if there is none, or the two differ; `ERR_INTERRUPTED` on Ctrl-C; what the signal was
   *   aborted with.
   */
  async read(question: string, { twice = false } = {}): Promise<Secret> {
    const { file, input } = this.#input
    if (file !== undefined) return this.#secretOf(await readSecretFile(file))
    if (input.isTTY !== true) return this.#secretOf(await this.#nextLine())
    const password = await this.#ask(question)
    if (twice && !password.equals(await this.#ask(`${question}, again`))) {
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
    this.#pipe?.close()
  }

  async #nextLine(): Promise<string> {
    if (this.#lines === undefined) {
      const { input, signal } = this.#input
      this.#pipe = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, signal })
      this.#lines = this.#pipe[Symbol.asyncIterator]()
    }
    const { value, done } = await this.#lines.next()
    return done ? '' : value
  }

  async #ask(question: string): Promise<Secret> {
    const { input, output, signal } = this.#input
    output.write(`${question}: `)
    // readline needs somewhere to echo to; nowhere is where a password belongs.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    const terminal = createInterface({ input, output: nowhere, terminal: true, historySize: 0, signal })
    const interrupted = once(terminal, 'SIGINT').then(() => {
      throw new SottoError('ERR_INTERRUPTED', 'interrupted')
    })
    const ended = once(terminal, 'close').then(() => '')
    try {
      const line = once(terminal, 'line').then(([text]) => text as string)
      return this.#secretOf(await Promise.race([line, interrupted, ended]))
    } finally {
      interrupted.catch(() => {})
      terminal.close()
      output.write('\n')
    }
  }

  /** An input that was let go of looks like one that has ended. */
  #secretOf(text: string): Secret {
    this.#input.signal?.throwIfAborted()
    if (text !== '') return Secret.of(Buffer.from(text, 'utf8'))
    throw new SottoError('ERR_USAGE', `there is no ${this.#what}`, { hint: HINTS[this.#what] })
  }
}
