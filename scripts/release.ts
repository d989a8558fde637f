/** `npm run release`: the package that people install, `sotto-VERSION.tgz`, in the folder in which it is run. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { layPackage } from './package-folder.ts'

const destination = process.cwd()
process.chdir(dirname(import.meta.dirname))
const folder = mkdtempSync(join(tmpdir(), 'sotto-release-'))
try {
  await layPackage(folder)
  const options = ['pack', '--silent', '--pack-destination', resolve(destination)]
  console.log(execFileSync('npm', options, { cwd: folder, encoding: 'utf8' }).trim())
} finally {
  rmSync(folder, { recursive: true, force: true })
}
