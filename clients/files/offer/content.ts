/**
 * The content of an offer: that of its files, one behind the other, as pieces count it.
 *
 * @module
 */
import { FileEntryType, type FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { savedPaths } from '../disk/saved-name.ts'

export interface ContentEntry {
  /** Names separated by `/`, the first of which is that of the whole. */
  readonly path: string
  /** The size in bytes; 0 for a folder. */
  readonly size: number
  readonly sha256: Uint8Array
  readonly executable: boolean
  readonly folder: boolean
  /** The position at which it begins in the content. */
  readonly start: number
}

export class Content {
  readonly entries: readonly ContentEntry[]
  /** The size in bytes. */
  readonly size: number

  /** @param asSaved - Under the names that it gets where it comes to, instead of those of the offer. */
  constructor({ entries }: FileOffer, { asSaved = false }: { readonly asSaved?: boolean } = {}) {
    const paths = entries.map(({ path }) => path.toString('utf8'))
    const named = asSaved ? savedPaths(paths) : paths
    let start = 0
    this.entries = entries.map(({ size, sha256, type }, index) => {
      const [executable, folder] = [type === FileEntryType.EXECUTABLE, type === FileEntryType.FOLDER]
      const entry = { path: named[index] as string, size: Number(size), sha256, executable, folder, start }
      start += entry.size
      return entry
    })
    this.size = start
  }

  /** The first name of all paths. */
  get name(): string {
    return this.entries[0]?.path.split('/', 1)[0] ?? ''
  }

  /** The entry in which a byte of the content lies. @throws TypeError if there is no such byte. */
  entryAt(offset: number): ContentEntry {
    let [low, high] = [0, this.entries.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.entries[middle] as ContentEntry).start <= offset) low = middle
      else high = middle - 1
    }
    const entry = this.entries[low]
    // Of those that begin at one place, only the last can have a byte.
    if (entry === undefined || offset < 0 || offset >= entry.start + entry.size) {
      throw new TypeError('there is no such byte')
    }
    return entry
  }
}

/** The part before the last `/`, and the part behind it; no folder for the first name. */
export function splitPath(path: string): { readonly folder: string | undefined; readonly name: string } {
  const end = path.lastIndexOf('/')
  return end === -1 ? { folder: undefined, name: path } : { folder: path.slice(0, end), name: path.slice(end + 1) }
}
