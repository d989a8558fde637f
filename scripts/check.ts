/**
 * `npm run check`: everything about the project that can be judged without running it.
 *
 * Every check runs, also after one has failed, so that one run shows all there is to mend.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crowdedFolders } from './crowded-folders.ts'
import { generate } from './generated.ts'

/** The contracts as last released on the wire; replaced only together with a CHANGELOG entry. */
const BASELINE = 'proto/baseline.binpb'

/** The folders of the source that runs. */
const SOURCE = ['lib', 'services', 'clients', 'cli']

const CHECKS: Record<string, () => boolean> = {
  types: () => run('tsc'),
  'types of the page': () => run('tsc', '-p', 'clients/web/page'),
  'lint, format, import directions': () => run('biome', 'ci', '--error-on-warnings', '.'),
  'contracts: lint': () => run('buf', 'lint'),
  'contracts: format': () => run('buf', 'format', '--diff', '--exit-code', '--path', 'proto/sotto'),
  'contracts: nothing breaks the wire': () => run('buf', 'breaking', 'proto', '--against', BASELINE),
  'generated code matches the contracts': generatedMatches,
  'unused code': () => run('knip'),
  'code for tests alone': () => run('knip', '--production', '--include', 'files,exports,types'),
  'unused class members': () => run('node', 'scripts/unused-members.ts'),
  'crowded folders': () => none(crowdedFolders('.', SOURCE)),
}

const failed = Object.entries(CHECKS).filter(([name, check]) => {
  const began = performance.now()
  const passed = check()
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
  return !passed
})
if (failed.length > 0) {
  console.log(
    `\n${failed.length} of ${Object.keys(CHECKS).length} checks failed: ${failed.map(([name]) => name).join('; ')}`,
  )
  process.exitCode = 1
}

/** Runs a development tool; what it says is shown only if it fails. */
function run(tool: string, ...options: string[]): boolean {
  const { status, stdout, stderr } = spawnSync(join('node_modules/.bin', tool), options, { encoding: 'utf8' })
  if (status !== 0) process.stdout.write(stdout + stderr)
  return status === 0
}

/** Print what was found; returns whether it was nothing. */
function none(found: readonly string[]): boolean {
  for (const sentence of found) console.log(sentence)
  return found.length === 0
}

function generatedMatches(): boolean {
  const fresh = mkdtempSync(join(tmpdir(), 'sotto-generated-'))
  try {
    generate(fresh)
    const { status, stdout } = spawnSync('diff', ['-r', 'gen', join(fresh, 'gen')], { encoding: 'utf8' })
    if (status !== 0) process.stdout.write(`${stdout.slice(0, 2000)}\nrun npm run generate\n`)
    return status === 0
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}
