/**
 * Folders that hold more files than a reader keeps in mind at once: such a folder has two subjects, and wants sub-folders.
 */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Source files that a folder may have of its own; those in its sub-folders do not count. */
const MAX_FILES = 20

/** A sentence for each folder under the given ones of `root` that holds too many source files. */
export function crowdedFolders(root: string, folders: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue
      const own = dirname(join(folder, entry))
      counts.set(own, (counts.get(own) ?? 0) + 1)
    }
  }
  return [...counts]
    .filter(([, count]) => count > MAX_FILES)
    .map(([folder, count]) => `${folder} holds ${count} source files, of at most ${MAX_FILES}`)
}
