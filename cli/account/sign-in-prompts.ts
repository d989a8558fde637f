/**
 * What a command that signs in asks for, and shows: passwords, and codes of a second factor.
 *
 * @module
 */
import { terminalCodes } from '../../clients/command/terminal-codes.ts'
import type { WaitingNotice } from '../../clients/command/waiting-notice.ts'
import type { CodePrompt } from '../../clients/session/code-prompt.ts'
import { PasswordReader } from '../../clients/terminal/password.ts'
import { notice } from '../profile-command.ts'

/** The options of such a command, as commander gives them. */
export interface SignInOptions {
  readonly passwordFile?: string
  readonly codeFile?: string
  readonly json?: true
}

export interface SignInPromptsOptions {
  readonly options: SignInOptions
  /** The source of what comes from no file: one for all of it, which may be lines of one pipe. */
  readonly lines: PasswordReader
  /** Stopped while somebody is asked. */
  readonly waiting: WaitingNotice
  /** The output for secrets and recovery codes. */
  readonly output: NodeJS.WriteStream
  readonly signal: AbortSignal
}

export interface SignInPrompts {
  readonly passwords: PasswordReader
  /** @param server - HOST:PORT of Auth. */
  readonly codesFor: (username: string, server: string) => CodePrompt
}

export function signInPrompts({ options, lines, waiting, output, signal }: SignInPromptsOptions): SignInPrompts {
  const readerOf = (file: string | undefined) =>
    file === undefined ? lines : new PasswordReader({ file, input: process.stdin, output: process.stderr, signal })
  return {
    passwords: readerOf(options.passwordFile),
    codesFor: (username, server) =>
      terminalCodes({
        username,
        server,
        reader: readerOf(options.codeFile),
        output,
        isJson: options.json === true,
        notice: (text) => notice(text, options),
        onAsk: (isAsking) => (isAsking ? waiting.stop() : waiting.begin('auth')),
      }),
  }
}
