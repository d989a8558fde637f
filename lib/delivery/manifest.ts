/**
 * Manifests: the entries of an offer that has too many of them for an event. They come as the beginning of the content
 * (docs/protocol.md, section 6.8).
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type FileEntry, FileEntryType, FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '../errors.ts'
import { checkEntries, rootOf, sizeOf } from './file-events.ts'
import { MAX_EVENT_BYTES } from './limits.ts'

/**
 * The bytes that an event about an offer takes beside the entries, rounded up: its id (18), its time (14), tags,
 * lengths.
 */
const EVENT_OVERHEAD_BYTES = 64

/** An offer of these entries: with a manifest where they have no room in an event. */
export function makeOffer(entries: FileEntry[]): FileOffer {
  const { length } = FileOffer.encode({ entries }).finish()
  return length + EVENT_OVERHEAD_BYTES > MAX_EVENT_BYTES ? offerByManifest(entries) : { entries }
}

/** An offer of these entries, at least one, with a manifest. */
export function offerByManifest(entries: FileEntry[]): FileOffer {
  const encoded = FileOffer.encode({ entries }).finish()
  const manifest = {
    name: Buffer.from(rootOf(entries[0] as FileEntry)),
    size: encoded.length,
    sha256: sha256Of(encoded),
    files: countFiles(entries),
    contentSize: BigInt(sizeOf({ entries })),
  }
  return { entries, manifest }
}

/** What an event says of an offer: of one with a manifest not its entries. */
export function announced({ entries, manifest }: FileOffer): FileOffer {
  return manifest === undefined ? { entries } : { entries: [], manifest }
}

/** The manifest of an offer, which comes before its files: nothing where the entries are in the event. */
export function manifestOf({ entries, manifest }: FileOffer): Uint8Array {
  return manifest === undefined ? NOTHING : FileOffer.encode({ entries }).finish()
}

const NOTHING = new Uint8Array(0)

/** The position in the content at which the first file begins. */
export function filesStart({ manifest }: FileOffer): number {
  return manifest?.size ?? 0
}

/** Whether the entries of an offer are still to come. */
export function lacksEntries({ entries }: FileOffer): boolean {
  return entries.length === 0
}

/**
 * The offer with the entries of its manifest, which has come.
 *
 * @throws SottoError `ERR_FILE_DAMAGED` if it is not what was offered, or breaks a rule of offers.
 */
export function withEntries({ manifest }: FileOffer, encoded: Uint8Array): FileOffer {
  if (manifest === undefined || !sha256Of(encoded).equals(manifest.sha256)) throw damaged()
  const entries = entriesIn(encoded)
  const [first] = entries
  const isSummed = countFiles(entries) === manifest.files && BigInt(sizeOf({ entries })) === manifest.contentSize
  if (first === undefined || rootOf(first) !== manifest.name.toString('utf8') || !isSummed) throw damaged()
  return { entries, manifest }
}

function entriesIn(encoded: Uint8Array): FileEntry[] {
  try {
    const { entries, manifest } = FileOffer.decode(encoded)
    if (manifest !== undefined) throw new TypeError('a manifest inside a manifest')
    checkEntries(entries)
    return entries
  } catch (cause) {
    throw damaged(cause)
  }
}

function countFiles(entries: readonly FileEntry[]): number {
  return entries.filter(({ type }) => type !== FileEntryType.FOLDER).length
}

function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function damaged(cause?: unknown): SottoError {
  return new SottoError('ERR_FILE_DAMAGED', 'the list of its files is not what was offered', {
    cause,
    hint: 'have it offered again',
  })
}
