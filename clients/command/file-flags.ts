/**
 * The folders that files come to, as flags name them.
 *
 * @module
 */

import { resolve } from 'node:path'
import { Option } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { expandHome } from '#lib/runtime/environment.ts'
import { ensurePrivateDirectory } from '#lib/runtime/files.ts'
import { escapeName } from '../terminal/escape.ts'

/** The folder for files that somebody accepts, unless they name another. */
export const DEFAULT_DOWNLOADS = '~/Downloads'

/** The folder for files that somebody accepts. */
export function downloadsOption(): Option {
  return new Option('--downloads <folder>', 'where files come to that you accept; made if it is not there').default(
    DEFAULT_DOWNLOADS,
  )
}

/** The folder for all files that are offered. */
export function acceptFilesOption(): Option {
  return new Option(
    '--accept-files <folder>',
    'take every file that is offered, but hidden ones, into this folder; made if it is not there',
  )
}

/**
 * Make a folder for the owner alone, unless it is there. `~` is the user's home.
 *
 * @returns its path, absolute.
 * @throws SottoError `ERR_USAGE` if it is neither there nor can be made.
 */
export async function folderFor(path: string): Promise<string> {
  const folder = resolve(expandHome(path))
  try {
    await ensurePrivateDirectory(folder)
  } catch (cause) {
    throw new SottoError('ERR_USAGE', `there is no folder ${escapeName(folder)}, and none can be made`, {
      cause,
      hint: 'name a folder, or a path where one can be made',
    })
  }
  return folder
}
