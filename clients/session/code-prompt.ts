/**
 * The conversation about the code of a second factor, which a call asks for as it turns out to be needed.
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'

/** How often a person may type a code wrong. */
const MAX_ATTEMPTS = 3

/** Asks for codes, and shows what a new second factor needs. */
export interface CodePrompt {
  /** Whether it is a person who is asked, and may be asked again. */
  readonly isInteractive: boolean
  /**
   * Ask for a code.
   *
   * @param why - What it is needed for: a refusal; undefined for the first code of a secret that was just shown.
   * @throws `why` if there is none to be had.
   */
  readonly askCode: (why?: SottoError) => Promise<string>
  /** Show the secret of a second factor, for an authenticator app. */
  readonly showSecret: (secret: Secret) => Promise<void>
  /** Show recovery codes, which nobody can show again. */
  readonly showRecoveryCodes: (codes: readonly string[]) => void
}

export interface CodeOptions {
  /** Undefined where nobody can be asked. */
  readonly prompt: CodePrompt | undefined
  /** The first code; else the first call is made without. */
  readonly first?: string | undefined
  /** Draws a second factor and shows it, for who has none and needs one. */
  readonly enrol?: () => Promise<void>
}

/**
 * Make a call, and again with a code if it asks for one.
 *
 * @throws whatever the call throws, where a code does not help or there is none.
 */
export async function withCode<T>(
  { prompt, first = '', enrol }: CodeOptions,
  call: (code: string) => Promise<T>,
): Promise<T> {
  let code = first
  let refused = 0
  for (;;) {
    try {
      return await call(code)
    } catch (error) {
      if (prompt === undefined || !isSottoError(error)) throw error
      if (isRefusal(error)) refused += 1
      // Each is believed once: of a call that has a code neither can be true.
      if (code === '' && error.code === 'ERR_ENROLMENT_REQUIRED' && enrol !== undefined && prompt.isInteractive) {
        await enrol()
        code = await prompt.askCode()
      } else if (code === '' && error.code === 'ERR_CODE_REQUIRED') {
        code = await prompt.askCode(error)
      } else if (isRefusal(error) && prompt.isInteractive && refused < MAX_ATTEMPTS) {
        code = await prompt.askCode(error)
      } else {
        throw error
      }
    }
  }
}

/** Whether a code is wrong, be it that it cannot be one. */
function isRefusal(error: SottoError): boolean {
  if (error.code === 'ERR_CODE_REFUSED') return true
  return error.code === 'ERR_INVALID_ARGUMENT' && error.violations.some(({ field }) => field === 'code')
}
