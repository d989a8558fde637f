/**
 * The file of the wrapping key, 32 raw bytes, outside the database and its backups.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { SottoError } from '#lib/errors.ts'
import { createFileOnce } from '#lib/runtime/create-once.ts'
import { readFileIfPresent } from '#lib/runtime/files.ts'
import { Secret } from '#lib/secret.ts'
import { WRAPPING_KEY_BYTES, WrappingKey } from './key-wrapping.ts'

/** Permission bits of those who are neither the owner nor of the group. */
const OTHERS = 0o007

/**
 * Load the wrapping key; make one at the first start, the same for all processes that begin at once. Where the file is
 * lost, sessions that were begun under the old key end, and people log in again.
 *
 * @returns the key, and whether this call has made it.
 * @throws SottoError `ERR_CONFIG` if the file is of another length or others may read it.
 */
export async function ensureWrappingKey(path: string): Promise<{ key: WrappingKey; isNew: boolean }> {
  const found = await loadWrappingKey(path)
  if (found !== undefined) return { key: found, isNew: false }
  const key = randomBytes(WRAPPING_KEY_BYTES)
  const isOurs = await createFileOnce(path, key)
  return isOurs ? { key: new WrappingKey(Secret.of(key)), isNew: true } : await ensureWrappingKey(path)
}

/**
 * Load the wrapping key; undefined where there is none.
 *
 * @throws SottoError `ERR_CONFIG` if the file is of another length or others may read it.
 */
export async function loadWrappingKey(path: string): Promise<WrappingKey | undefined> {
  const bytes = await readFileIfPresent(path)
  if (!bytes) return undefined
  if (((await stat(path)).mode & OTHERS) !== 0) {
    throw new SottoError('ERR_CONFIG', 'the file of the wrapping key is open to others', { hint: `chmod 600 ${path}` })
  }
  if (bytes.length !== WRAPPING_KEY_BYTES) {
    throw new SottoError('ERR_CONFIG', `the file of the wrapping key is not of ${WRAPPING_KEY_BYTES} bytes`, {
      hint: `restore ${path}, or remove it and have everybody log in again`,
    })
  }
  return new WrappingKey(Secret.of(bytes))
}
