/**
 * The lines of a backup: JSON, one object each, the same for every kind of database.
 *
 * The first says what it is, the last how much there was and its hash, and those between are rows. What the rows hold is
 * as in the database: passwords and bearers as hashes, keys wrapped.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { SottoError } from '#lib/errors.ts'

/** The number of this format. */
const VERSION = 1

/** The first line. */
export interface BackupHeader {
  /** The steps that had made the schema. */
  readonly migrations: readonly string[]
  /** When it was made, in ISO 8601. */
  readonly at: string
}

/** A row of a table. */
export interface BackupRow {
  readonly table: string
  readonly values: Readonly<Record<string, RowValue>>
}

export type RowValue = string | number | null | Uint8Array

/** Write a backup. @returns its lines, without line feeds. */
export function writeBackup(header: BackupHeader, rows: readonly BackupRow[]): string[] {
  const lines = [{ format: 'backup of auth', version: VERSION, ...header }, ...rows.map(encodedRow)].map((each) =>
    JSON.stringify(each),
  )
  const hash = createHash('sha256')
  for (const line of lines) hash.update(`${line}\n`)
  return [...lines, JSON.stringify({ rows: rows.length, sha256: hash.digest('hex') })]
}

function encodedRow({ table, values }: BackupRow) {
  return [table, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, encoded(value)]))]
}

/**
 * Read a backup, whole and as it was written.
 *
 * @param lines - Without their line feeds.
 * @throws SottoError `ERR_STORE` if it is none, of another version, cut or changed.
 */
export function readBackup(lines: readonly string[]): { header: BackupHeader; rows: BackupRow[] } {
  const [first, ...others] = lines
  const header = readHeader(first)
  const end = parsed(others.pop())
  const hash = createHash('sha256')
  for (const line of [first, ...others]) hash.update(`${line}\n`)
  if (!isObject(end) || typeof end['sha256'] !== 'string') throw noBackup('its end is missing')
  if (end['rows'] !== others.length || end['sha256'] !== hash.digest('hex')) throw noBackup('it was changed')
  return { header, rows: others.map((line) => rowOf(parsed(line))) }
}

function readHeader(line: string | undefined): BackupHeader {
  const header = parsed(line)
  if (!isObject(header) || header['format'] !== 'backup of auth') throw noBackup('it is no backup of Auth')
  if (header['version'] !== VERSION) throw noBackup('it is of another version')
  const { migrations, at } = header
  if (!Array.isArray(migrations) || typeof at !== 'string') throw noBackup('its first line is damaged')
  return { migrations: migrations.map(String), at }
}

function rowOf(value: unknown): BackupRow {
  const [table, values] = Array.isArray(value) ? value : []
  if (typeof table !== 'string' || !isObject(values)) throw noBackup('a row of it is damaged')
  return { table, values: Object.fromEntries(Object.entries(values).map(([name, each]) => [name, decoded(each)])) }
}

function encoded(value: RowValue): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value
}

function decoded(value: unknown): RowValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  const base64 = isObject(value) ? value['base64'] : undefined
  if (typeof base64 !== 'string') throw noBackup('a value of it is damaged')
  return Buffer.from(base64, 'base64')
}

function parsed(line: string | undefined): unknown {
  try {
    return JSON.parse(line ?? '')
  } catch {
    throw noBackup('a line of it is damaged')
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function noBackup(why: string): SottoError {
  return new SottoError('ERR_STORE', `the backup cannot be used: ${why}`, {
    hint: 'take another one; nothing was changed',
  })
}
