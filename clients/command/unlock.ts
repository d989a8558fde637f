/**
 * The source of a profile's passphrase, the same for all commands: the file that `SOTTO_PASSPHRASE_FILE` names, or the
 * person at the terminal. Never standard input that is a pipe, for that holds messages.
 *
 * @module
 */
import { isSottoError, SottoError } from '#lib/errors.ts'
import { environment, expandHome } from '#lib/runtime/environment.ts'
import type { Secret } from '#lib/secret.ts'
import { countTypedCharacters, MIN_TYPED_CHARACTERS } from '#lib/typed-secret.ts'
import { type UnlockKey, withoutPassphrase } from '../profile/key-file.ts'
import { unwrapKey } from '../profile/wrapped-key.ts'
import { PasswordReader } from '../terminal/password.ts'

/** How often somebody may type it wrong. */
const MAX_ATTEMPTS = 3

/** The keys that this process has unlocked, by how they lie on the disk: nobody is asked twice for one. */
const unlockedKeys = new Map<string, Secret>()

/** The file that `SOTTO_PASSPHRASE_FILE` names. */
export function passphraseFile(): string | undefined {
  const file = environment()['SOTTO_PASSPHRASE_FILE']
  return file === undefined ? undefined : expandHome(file)
}

/**
 * The key provider with which this process opens profiles.
 *
 * @param signal - Aborted to ask no longer.
 */
export function unlockKey(signal?: AbortSignal): UnlockKey {
  const file = passphraseFile()
  const input = { what: 'passphrase', file, input: process.stdin, output: process.stderr, signal } as const
  return async (wrapped, profile) => {
    const lies = Buffer.from(wrapped).toString('hex')
    const unlocked = unlockedKeys.get(lies)
    if (unlocked !== undefined) return unlocked
    using passphrases = new PasswordReader(input)
    const isThere = file !== undefined || passphrases.isInteractive
    const key = await (isThere ? unlockWith(passphrases) : withoutPassphrase)(wrapped, profile)
    unlockedKeys.set(lies, key)
    // Half a second is time enough for Ctrl-C.
    signal?.throwIfAborted()
    return key
  }
}

/**
 * Check a new passphrase. Whoever has stolen the profile tries guesses on their own machines, where nothing limits them
 * but what each guess costs.
 *
 * @throws SottoError `ERR_USAGE` if it has less than {@link MIN_TYPED_CHARACTERS} characters.
 */
export function checkPassphrase(passphrase: Secret): void {
  if (countTypedCharacters(passphrase) >= MIN_TYPED_CHARACTERS) return
  throw new SottoError('ERR_USAGE', `a passphrase has ${MIN_TYPED_CHARACTERS} characters at least`, {
    hint: 'five or six words that have nothing to do with each other are hard to guess and easy to remember',
  })
}

/** Take passphrases from a reader: once, or from a person up to {@link MAX_ATTEMPTS} times. */
export function unlockWith(passphrases: PasswordReader): UnlockKey {
  return async (wrapped, profile) => {
    const question = `passphrase for the profile ${profile}`
    for (let attempt = 1; ; attempt++) {
      const passphrase = await passphrases.read(attempt === 1 ? question : `that is wrong; ${question}`)
      try {
        return await unwrapKey(wrapped, passphrase)
      } catch (error) {
        const mayTryAgain = passphrases.isInteractive && attempt < MAX_ATTEMPTS
        if (!mayTryAgain || !isSottoError(error, 'ERR_PASSPHRASE')) throw error
      }
    }
  }
}
