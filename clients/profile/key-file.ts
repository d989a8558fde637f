/**
 * The file of a profile's key, `profile.key`: the key itself, which only the owner can read, or the key under a
 * passphrase (wrapped-key.ts).
 *
 * It is replaced by renaming another file over it, so a crash at any moment leaves the old key file or the new one, and
 * both hold the same key.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { readReplacedFile, replaceFile, writeFileAtomically } from '#lib/runtime/files.ts'
import { Secret } from '#lib/secret.ts'
import { PROFILE_KEY_BYTES } from './seal.ts'
import { isWrappedKey } from './wrapped-key.ts'

/** The protection of a profile's key. */
export type Protection = 'file' | 'passphrase'

/** A key in memory, in the clear, and its form on the disk. */
export interface LoadedKey {
  readonly key: Secret
  readonly protection: Protection
}

/** Gets at a key that is under a passphrase. @throws SottoError `ERR_PASSPHRASE` if that is wrong or not to be had. */
export type UnlockKey = (wrapped: Uint8Array, profile: string) => Promise<Secret>

/** The content of a key file for a key. */
export type WrapKey = (key: Secret) => Promise<Uint8Array>

/** The permissions that anybody but the owner would need. */
const OTHERS = 0o077

/**
 * Read the file as it is.
 *
 * @returns undefined if there is none.
 * @throws SottoError `ERR_CONFIG` if others can read it.
 */
export async function readKeyFile(folder: string): Promise<Uint8Array | undefined> {
  const path = pathOf(folder)
  const found = await readReplacedFile(path)
  if (found !== undefined && (found.mode & OTHERS) !== 0) {
    throw new SottoError('ERR_CONFIG', `others can read ${path}`, {
      hint: `make it yours alone with: chmod 600 ${path}`,
    })
  }
  return found?.content
}

/** Get at the key in a file with this content. @throws SottoError `ERR_PROFILE_DAMAGED`; what `unlock` throws. */
export async function openKeyFile(content: Uint8Array, profile: string, unlock: UnlockKey): Promise<LoadedKey> {
  if (content.length === PROFILE_KEY_BYTES) return { key: Secret.of(content), protection: 'file' }
  if (isWrappedKey(content)) return { key: await unlock(content, profile), protection: 'passphrase' }
  throw keyDamaged()
}

/** Draw the key of a new profile, and write its file. */
export async function createKeyFile(folder: string, wrap: WrapKey): Promise<LoadedKey> {
  const key = Secret.of(randomBytes(PROFILE_KEY_BYTES))
  const content = await wrap(key)
  await writeFileAtomically(pathOf(folder), content)
  return openKeyFile(content, '', async () => key)
}

/**
 * Put another content in the place of the file's, and overwrite the old one as well as the file system allows.
 *
 * @returns Whether that was possible: see {@link replaceFile}.
 */
export async function replaceKeyFile(folder: string, content: Uint8Array): Promise<boolean> {
  return await replaceFile(pathOf(folder), content)
}

/** The unlocking of whoever gives no passphrase: a profile that needs one cannot be opened. */
export const withoutPassphrase: UnlockKey = async (_wrapped, profile) => {
  throw new SottoError('ERR_PASSPHRASE', `the profile ${profile} opens with a passphrase, and there is none`, {
    hint: 'set SOTTO_PASSPHRASE_FILE to the path of a file that holds it, or run this on a terminal to be asked',
  })
}

export function keyDamaged(): SottoError {
  return new SottoError('ERR_PROFILE_DAMAGED', 'a file of the profile is missing or cut off', {
    hint: 'put profile.sealed and profile.key back from one backup; nothing was overwritten',
  })
}

function pathOf(folder: string): string {
  return join(folder, 'profile.key')
}
