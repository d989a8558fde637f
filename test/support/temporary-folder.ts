/**
 * Folders that are removed after a test.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The setting by which a whole run names the folders of its tests, by which it finds those that are left. */
export const FOLDERS_SETTING = 'SOTTO_TEST_FOLDERS'

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

/** A new, empty folder; disposing of it removes it with everything in it. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), process.env[FOLDERS_SETTING] ?? 'sotto-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
