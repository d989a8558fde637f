/**
 * Names of files that other people choose, as they are safe to save: each looks like what it is, and like nothing else.
 *
 * @module
 */
import { MAX_PATH_NAME_BYTES } from '#lib/delivery/limits.ts'
import { UNSEEN } from '../../terminal/unseen.ts'
import { numbered } from './finalize.ts'

/** Stands for what may not be in a name. */
const SUBSTITUTE = '_'

const UNSEEN_RUN = new RegExp(`(?:${UNSEEN.source})+`, 'gu')

/** Spaces that are as wide as others, or nearly: U+00A0, U+202F, U+3000 and their like. */
const ODD_SPACE = /\p{Zs}/gu

/** Nobody sees spaces at an end, and some systems drop them, and full stops, from the end of a name. */
const UNSEEN_END = /^ +|[ .]+$/g

/** Devices to Windows, whatever the extension; and what has come of a file so far, to this program. */
const RESERVED = /^(?:(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)|\.sotto-)/i

/**
 * A name as it is safe to save. It has no {@link UNSEEN} character, no space at an end, no full stop at its own, one form of
 * each composed letter, and no meaning to a system. It begins with a full stop only where the name does. A safe name stays as
 * it is.
 *
 * @param name - One name, no path.
 */
export function savedName(name: string): string {
  const seen = name.replace(UNSEEN_RUN, SUBSTITUTE).replace(ODD_SPACE, ' ').normalize('NFC')
  const ended = seen.replace(UNSEEN_END, SUBSTITUTE)
  const meant = RESERVED.test(ended) ? SUBSTITUTE + ended : ended
  return fitting(meant === '' ? SUBSTITUTE : meant)
}

/** No longer than a name may be. What is cut off may leave a space at the end. */
function fitting(name: string): string {
  if (Buffer.byteLength(name) <= MAX_PATH_NAME_BYTES) return name
  let kept = name
  while (Buffer.byteLength(kept) > MAX_PATH_NAME_BYTES) kept = [...kept].slice(0, -1).join('')
  return savedName(kept)
}

/**
 * The paths of an offer with each name as {@link savedName} has it. Those that were two stay two: the second becomes
 * "name (1).ext", as beside a file that was there before.
 */
export function savedPaths(paths: readonly string[]): string[] {
  const root = new Folder()
  for (const path of paths) {
    let folder = root
    for (const name of path.split('/')) folder = folder.enter(name)
  }
  return paths.map((path) => {
    const names: string[] = []
    let folder = root
    for (const name of path.split('/')) {
      names.push(folder.saved(name))
      folder = folder.enter(name)
    }
    return names.join('/')
  })
}

/** A folder of an offer, or a file, which has nothing in it. */
class Folder {
  readonly #inside = new Map<string, Folder>()
  #savedNames: ReadonlyMap<string, string> | undefined

  enter(name: string): Folder {
    const there = this.#inside.get(name)
    if (there !== undefined) return there
    const made = new Folder()
    this.#inside.set(name, made)
    return made
  }

  /** The name that a name becomes, beside all others that are here. */
  saved(name: string): string {
    this.#savedNames ??= this.#nameAll()
    return this.#savedNames.get(name) as string
  }

  #nameAll(): ReadonlyMap<string, string> {
    const names = [...this.#inside].map(([name, { isFolder }]) => ({ name, isFolder, safe: savedName(name) }))
    // Those that stay as they are come first: they are what the others must not look like.
    const kept = names.filter(({ name, safe }) => name === safe)
    const savedNames = new Map(kept.map(({ name, safe }) => [name, safe]))
    const taken = new Set(kept.map(({ safe }) => safe.toLowerCase()))
    // Where each left off, for thousands may be one.
    const counts = new Map<string, number>()
    for (const { name, isFolder, safe } of names) {
      if (savedNames.has(name)) continue
      let count = counts.get(safe) ?? 0
      while (taken.has(numbered(safe, count, isFolder).toLowerCase())) count += 1
      const free = numbered(safe, count, isFolder)
      counts.set(safe, count + 1)
      taken.add(free.toLowerCase())
      savedNames.set(name, free)
    }
    return savedNames
  }

  get isFolder(): boolean {
    return this.#inside.size > 0
  }
}
