/**
 * Events about files: offers, and their states. A path of an offer names a place below a folder that the reader
 * chooses, and cannot name one outside of it (docs/protocol.md, section 6).
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import {
  type FileEntry,
  FileEntryType,
  type FileManifest,
  type FileOffer,
  type FileStatus,
  FileStatusState,
} from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '../errors.ts'
import {
  EVENT_ID_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_OFFER_FOLDERS,
  MAX_PATH_BYTES,
  MAX_PATH_NAME_BYTES,
  SHA256_BYTES,
} from './limits.ts'

/**
 * Hold an offer, as an event has it, to the limits of its contract.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` for entries that {@link checkEntries} refuses, a manifest that cannot be, or
 *   entries beside a manifest.
 */
export function checkFileOffer({ entries, manifest }: FileOffer): void {
  if (manifest === undefined) checkEntries(entries)
  else if (entries.length > 0) throw malformed('an offer has entries beside its manifest')
  else checkManifest(manifest)
}

function checkManifest({ name, size, sha256, contentSize }: FileManifest): void {
  if (!isPath(name) || name.includes('/')) throw malformed('the name in a manifest is none')
  if (size === 0 || size > MAX_MANIFEST_BYTES) throw malformed('a manifest has a size that cannot be')
  if (sha256.length !== SHA256_BYTES) throw malformed('a hash in an offer has the wrong length')
  if (contentSize > BigInt(Number.MAX_SAFE_INTEGER - size)) throw malformed('an offer is larger than can be counted')
}

/**
 * Hold the entries of an offer to the limits of their contract.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` for no entries, a path that {@link isPath} refuses or that comes twice or
 *   through a file, paths of two roots, more than {@link MAX_OFFER_FOLDERS} folders, a type, a size or a hash that
 *   cannot be.
 */
export function checkEntries(entries: readonly FileEntry[]): void {
  const [first] = entries
  if (first === undefined) throw malformed('an offer has no files')
  const root = rootOf(first)
  const files = new Set<string>()
  const folders = new Set<string>()
  let bytes = 0n
  for (const entry of entries) {
    checkEntry(entry)
    if (rootOf(entry) !== root) throw malformed('an offer has more than one root')
    place(entry, files, folders)
    // Before more is read, for there may be much of it.
    if (folders.size > MAX_OFFER_FOLDERS) throw malformed('an offer has too many folders')
    bytes += entry.size
  }
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('an offer is larger than can be counted')
}

/** The first name of an entry's path: that of the file, or of the folder in which all lies. */
export function rootOf({ path }: FileEntry): string {
  return path.toString('utf8').split('/', 1)[0] as string
}

/** How many bytes the content of an offer has. */
export function sizeOf({ entries, manifest }: FileOffer): number {
  if (manifest !== undefined) return Number(manifest.contentSize)
  return entries.reduce((sum, { size }) => sum + Number(size), 0)
}

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FileEntryType))

function checkEntry({ path, size, sha256, type }: FileEntry): void {
  const isFolder = type === FileEntryType.FOLDER
  if (!isPath(path)) throw malformed('a path in an offer is none')
  if (!KNOWN_TYPES.has(type)) throw malformed('an entry of an offer has no known type')
  if (sha256.length !== (isFolder ? 0 : SHA256_BYTES)) throw malformed('a hash in an offer has the wrong length')
  if (isFolder && size !== 0n) throw malformed('a folder in an offer has a size')
}

// Names that differ in case, or in how their letters are composed, are one name to some file systems: a writer finds
// that out by never writing over anything.
function place({ path, type }: FileEntry, files: Set<string>, folders: Set<string>): void {
  const text = path.toString('utf8')
  // From below: what a known folder lies in is known.
  for (let end = text.lastIndexOf('/'); end !== -1; end = text.lastIndexOf('/', end - 1)) {
    const above = text.slice(0, end)
    if (folders.has(above)) break
    if (files.has(above)) throw malformed('a path in an offer leads through a file')
    folders.add(above)
  }
  if (files.has(text) || folders.has(text)) throw malformed('a path in an offer comes twice')
  if (type === FileEntryType.FOLDER) folders.add(text)
  else files.add(text)
}

// Control characters of both ranges, and the characters that turn the direction of writing: they would make one name
// look like another.
const INVALID_IN_NAME = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\\]/u

/**
 * Whether bytes are a path that an offer may have: names separated by `/`, from a folder downwards. A backslash, which
 * separates names on Windows, is in none of them.
 */
export function isPath(path: Uint8Array): boolean {
  if (path.length === 0 || path.length > MAX_PATH_BYTES || !isUtf8(path)) return false
  return Buffer.from(path).toString('utf8').split('/').every(isName)
}

function isName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || INVALID_IN_NAME.test(name)) return false
  return Buffer.byteLength(name) <= MAX_PATH_NAME_BYTES
}

const KNOWN_STATES: ReadonlySet<number> = new Set(Object.values(FileStatusState))

/**
 * Hold a status to the limits of its contract.
 *
 * @throws SottoError `ERR_RECORD_MALFORMED` for an id of another length, or a state that is not known.
 */
export function checkFileStatus({ offerId, state }: FileStatus): void {
  if (offerId.length !== EVENT_ID_BYTES) throw malformed('the id of an offer has the wrong length')
  if (state === FileStatusState.UNSPECIFIED || !KNOWN_STATES.has(state)) throw malformed('a file has no known state')
}

function malformed(message: string): SottoError {
  return new SottoError('ERR_RECORD_MALFORMED', message)
}
