/**
 * Ways to go on with a path that is being typed.
 *
 * @module
 */
import { type Dirent, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { isPath } from '#lib/delivery/file-events.ts'
import { typedPath } from '../../files/offer/typed-path.ts'

/**
 * The entries of the folder that a path leads to whose names begin like the path's last name. Folders end in a slash,
 * so that one can go on. Entries that cannot be offered, or read, are left out.
 *
 * @param begun - As typed, without quotation marks: where there are some, nothing fits.
 * @returns The endings, each from the beginning of the last name on, and the part of the path that they stand for.
 */
export function completePath(begun: string): [endings: string[], part: string] {
  if (/^["']|\\/.test(begun)) return [[], begun]
  const part = begun.slice(begun.lastIndexOf('/') + 1)
  const folder = typedPath(begun.slice(0, begun.length - part.length), homedir())
  const fitting = namesIn(folder === '' ? '.' : folder).filter((name) => {
    return name.startsWith(part) && (part !== '' || !name.startsWith('.'))
  })
  return [fitting, part]
}

function namesIn(folder: string): string[] {
  let dirents: Dirent[]
  try {
    dirents = readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
  const fit = dirents.filter(({ name }) => isPath(Buffer.from(name)))
  return fit.map((dirent) => (dirent.isDirectory() ? `${dirent.name}/` : dirent.name))
}
