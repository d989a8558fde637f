/**
 * The `sotto` command as the README installs it: from the package that `npm run release` makes.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT } from './environment.ts'

/** The PATH of a shell outside of npm: nothing of the clone is in it. */
export const OUTER_PATH = process.env['PATH']
  ?.split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':')

export interface InstalledRelease {
  /** The package's file. */
  readonly archive: string
  /** The path of the command. */
  readonly command: string
}

/** Make the package, and install it below a folder. It takes some seconds. */
export function installRelease(folder: string): InstalledRelease {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'release.ts')], { cwd: folder, stdio: 'pipe' })
  const archive = join(folder, `sotto-${manifest.version}.tgz`)
  const prefix = join(folder, 'prefix')
  const options = ['--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...options, archive], { stdio: 'pipe', env: { ...process.env, PATH: OUTER_PATH } })
  return { archive, command: join(prefix, 'bin', 'sotto') }
}
