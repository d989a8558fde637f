/**
 * The file of the wrapping keys, 32 raw bytes each, outside the database and its backups. The first one wraps; others are
 * there while a rotation goes on, and open what was wrapped before.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { SottoError } from '#lib/errors.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { createFileOnce } from '#lib/runtime/create-once.ts'
import { readReplacedFile, replaceFile } from '#lib/runtime/files.ts'
import { systemRefusal } from '#lib/runtime/system-errors.ts'
import { Secret } from '#lib/secret.ts'
import { WRAPPING_KEY_BYTES, WrappingKey } from './key-wrapping.ts'
import { type KeyList, WrappingKeys } from './wrapping-keys.ts'

/** Permission bits of those who are neither the owner nor of the group. */
const OTHERS = 0o007

/** How many keys a file has at most: two during a rotation, and those of backups. */
const MAX_KEYS = 8

/**
 * Load the wrapping keys; make one at the first start, the same for all processes that begin at once. Where the file is
 * lost, sessions that were begun under the old key end, and people log in again.
 *
 * @returns the keys, and whether this call has made them.
 * @throws SottoError `ERR_CONFIG` if the file is of another length or others may read it.
 */
export async function ensureWrappingKeys(path: string, clock: Clock): Promise<{ keys: WrappingKeys; isNew: boolean }> {
  const found = await loadWrappingKeys(path, clock)
  if (found !== undefined) return { keys: found, isNew: false }
  const key = randomBytes(WRAPPING_KEY_BYTES)
  const isOurs = await createFileOnce(path, key)
  return { keys: (await loadWrappingKeys(path, clock)) ?? gone(path), isNew: isOurs }
}

/**
 * Load the wrapping keys; undefined where there are none.
 *
 * @throws SottoError `ERR_CONFIG` if the file is of another length or others may read it.
 */
export async function loadWrappingKeys(path: string, clock: Clock): Promise<WrappingKeys | undefined> {
  const load = () => loadKeyList(path)
  const list = await load()
  return list && new WrappingKeys(list, load, clock)
}

/** The keys of a file, the one that wraps first; undefined where there is none. @throws as {@link loadWrappingKeys}. */
export async function loadKeyList(path: string): Promise<KeyList | undefined> {
  const secrets = await readSecrets(path)
  return secrets && listOf(secrets)
}

/**
 * Put a new key before those of a file.
 *
 * @returns the keys that are there now.
 * @throws SottoError `ERR_CONFIG` if there is no file, or it cannot be used; `ERR_STORE` if it cannot be written.
 */
export async function addNewKey(path: string): Promise<KeyList> {
  const present = (await readSecrets(path)) ?? gone(path)
  return await write(path, [Secret.of(randomBytes(WRAPPING_KEY_BYTES)), ...present])
}

/** Add the keys of another file, such as a backup's, behind those of a file. @throws SottoError as {@link addNewKey}. */
export async function addKeysOf(other: string, path: string): Promise<KeyList> {
  const added = (await readSecrets(other)) ?? gone(other)
  const present = (await readSecrets(path)) ?? gone(path)
  const missing = added.filter((secret) => !present.some((known) => known.equals(secret)))
  return await write(path, [...present, ...missing])
}

/**
 * Leave the key that wraps alone in a file, and overwrite the others.
 *
 * @param expected - The keys that may go and the one that stays; if the file has others by now, it stays as it is.
 * @returns whether they are gone.
 * @throws SottoError as {@link addNewKey}.
 */
export async function removeFormerKeys(path: string, expected: KeyList): Promise<boolean> {
  const present = (await readSecrets(path)) ?? gone(path)
  const isAsExpected = idsOf(listOf(present)) === idsOf(expected)
  if (isAsExpected) await write(path, present.slice(0, 1))
  return isAsExpected
}

function idsOf(keys: KeyList): string {
  return keys.map(({ id }) => Buffer.from(id).toString('hex')).join()
}

async function write(path: string, secrets: readonly Secret[]): Promise<KeyList> {
  if (secrets.length > MAX_KEYS) {
    throw new SottoError('ERR_CONFIG', `a file of wrapping keys has ${MAX_KEYS} of them at most`, {
      hint: 'finish the rotation first, as by sotto admin rotate wrapping-key',
    })
  }
  const bytes = Buffer.concat(secrets.map((secret) => secret.reveal()))
  try {
    await replaceFile(path, bytes)
  } catch (error) {
    throw systemRefusal(error) ?? error
  } finally {
    bytes.fill(0)
  }
  return listOf(secrets)
}

async function readSecrets(path: string): Promise<Secret[] | undefined> {
  const found = await readReplacedFile(path)
  if (found === undefined) return undefined
  const { content: bytes, mode } = found
  if ((mode & OTHERS) !== 0) {
    throw new SottoError('ERR_CONFIG', 'the file of the wrapping key is open to others', { hint: `chmod 600 ${path}` })
  }
  const count = bytes.length / WRAPPING_KEY_BYTES
  if (!Number.isInteger(count) || count < 1 || count > MAX_KEYS) {
    throw new SottoError('ERR_CONFIG', `the file of the wrapping key is not of ${WRAPPING_KEY_BYTES} bytes for each`, {
      hint: `restore ${path}, or remove it and have everybody log in again`,
    })
  }
  return Array.from({ length: count }, (_, index) =>
    Secret.of(bytes.subarray(index * WRAPPING_KEY_BYTES, (index + 1) * WRAPPING_KEY_BYTES)),
  )
}

function listOf(secrets: readonly Secret[]): KeyList {
  return secrets.map((secret) => new WrappingKey(secret)) as unknown as KeyList
}

function gone(path: string): never {
  throw new SottoError('ERR_CONFIG', `there is no wrapping key in ${path}`, {
    hint: 'check the path; one is made by the first start of Auth, or by sotto admin init',
  })
}
