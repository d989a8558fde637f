/**
 * Codes of a second factor, asked for and shown at a terminal.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import type { CodePrompt } from '../session/code-prompt.ts'
import { jsonLine } from '../terminal/json-lines.ts'
import type { PasswordReader } from '../terminal/password.ts'

export interface TerminalCodesOptions {
  readonly username: string
  /** HOST:PORT of Auth, which an app shows beside the code. */
  readonly server: string
  /** The source of codes. */
  readonly reader: PasswordReader
  /** The output for secrets and recovery codes. */
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined }
  /** Whether that is to be JSON. */
  readonly isJson: boolean
  /** The output for what is about them. */
  readonly notice: (text: string) => void
  /** Called before and after somebody is asked. */
  readonly onAsk?: (isAsking: boolean) => void
}

export function terminalCodes(options: TerminalCodesOptions): CodePrompt {
  const { username, server, reader, output, isJson, notice, onAsk = () => {} } = options

  /** @param missing - The error where a pipe or a file ends without one: what is missing is the code. */
  async function read(question: string, missing: SottoError): Promise<string> {
    onAsk(true)
    const code = await reader.read(question).catch((error: unknown) => {
      throw isSottoError(error, 'ERR_USAGE') ? missing : error
    })
    onAsk(false)
    return Buffer.from(code.reveal()).toString('utf8')
  }

  return {
    isInteractive: reader.isInteractive,

    async askCode(why?: SottoError) {
      if (why === undefined) return await read('the code that the app shows now', noCode())
      if (why.code !== 'ERR_CODE_REQUIRED') notice('that code does not do, or has served; try the next one')
      return await read(`code for ${username}, of your app or a recovery code`, why)
    },

    async showSecret(secret: Secret) {
      const { totpUri } = await import('#lib/totp.ts')
      const { qrCodeRows } = await import('#lib/trust/qr-code.ts')
      const uri = totpUri(secret, `${username}@${server.replace(/:\d+$/, '')}`)
      if (isJson) {
        output.write(jsonLine({ uri }))
        return
      }
      notice('scan this with an authenticator app, or type its secret there; nobody else may see it')
      if (output.isTTY === true) {
        output.write(`\n${qrCodeRows(uri, { inColour: !process.env['NO_COLOR'] }).join('\n')}\n\n`)
      }
      output.write(`${uri}\n`)
    },

    showRecoveryCodes(codes: readonly string[]) {
      if (isJson) {
        output.write(jsonLine({ recoveryCodes: codes }))
        return
      }
      notice(
        'recovery codes, for when the app is lost: each serves once. Keep them apart from it; they are not shown again',
      )
      for (const code of codes) output.write(`${code}\n`)
    },
  }
}

/** There is no code yet when the command begins: it is of the secret that was just shown. */
function noCode(): SottoError {
  return new SottoError('ERR_USAGE', 'no code was given', {
    hint: 'type it when asked, or give it, once the secret is shown, as the next line of a pipe or by a pipe that --code-file names; nothing was changed',
  })
}
