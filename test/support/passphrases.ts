/**
 * Passphrases for tests, which are cheap to try.
 *
 * @module
 */
import { Secret } from '#lib/secret.ts'
import type { UnlockKey } from '../../clients/profile/key-file.ts'
import { unwrapKey, type WrappingCost } from '../../clients/profile/wrapped-key.ts'

/** The lowest cost that argon2id takes for two lanes. */
export const CHEAP: WrappingCost = { memoryKib: 16, passes: 1, lanes: 2 }

export function passphraseOf(text: string): Secret {
  return Secret.of(Buffer.from(text, 'utf8'))
}

/** An UnlockKey that opens profiles with this passphrase alone. */
export function unlockBy(text: string): UnlockKey {
  return (wrapped) => unwrapKey(wrapped, passphraseOf(text))
}
