/**
 * The settings that say where a service's database is.
 *
 * @module
 */
import * as z from 'zod/mini'
import { pathSetting } from '../config.ts'
import type { DatabaseSetting } from './options.ts'

/** A URL that may stand in an environment, where others see it: without a password. */
export const databaseUrlSetting = z
  .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://USER@HOST/DATABASE' })
  .check(
    z.refine((url) => new URL(url).password === '', 'a URL with a password belongs into a file: set …_DATABASE_FILE'),
  )

/** The file of a URL. */
export const databaseUrlFileSetting = pathSetting

/** Where the database is: at the URL, at the one in the file, or in a file of its own. */
export function databaseSetting(url: string | undefined, urlFile: string | undefined, path: string): DatabaseSetting {
  if (urlFile !== undefined) return { kind: 'postgres', urlFile }
  if (url !== undefined) return { kind: 'postgres', url }
  return { kind: 'sqlite', path }
}
