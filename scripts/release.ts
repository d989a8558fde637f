/**
 * `npm run release`: the package that people install, `sotto-VERSION.tgz`, in the folder in which it is run.
 *
 * It holds a bundle for each program in place of the sources, at the same places, and depends on nothing but Node.js
 * itself and what is native.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { withoutTypes } from '#lib/runtime/without-types.ts'
import { CHAT_PAGE, readPageFiles, STAGE_PAGE } from '../clients/web/server/page-files.ts'
import { htmlFileSources } from '../clients/web/wire/html-file.ts'
import manifest from '../package.json' with { type: 'json' }
import { bundle, NATIVE, THIRD_PARTY } from './bundle.ts'

const ROOT = dirname(import.meta.dirname)

const PROGRAMS = [
  'cli/main.ts',
  'services/auth/main.ts',
  'services/directory/main.ts',
  'services/relay/main.ts',
  'services/door/main.ts',
]

/** What the programs read, or a person does. */
const FILES = [
  'LICENSE',
  'README.md',
  'bin',
  'cli/completion/sotto.bash',
  'cli/completion/sotto.fish',
  'cli/completion/sotto.zsh',
  'gen/descriptors.binpb',
  'lib/runtime/raw-arguments.js',
  'proto/grpc/reflection',
]

/** The same of the packages that are in the bundles. */
const PACKAGE_FILES = ['@grpc/grpc-js/proto/channelz.proto']

const destination = process.cwd()
process.chdir(ROOT)
const folder = mkdtempSync(join(tmpdir(), 'sotto-release-'))
try {
  const inputs = new Set<string>()
  for (const entry of PROGRAMS) {
    for (const input of await bundle(entry, join(folder, entry.replace(/ts$/, 'cjs')))) inputs.add(input)
  }
  for (const file of FILES) copy(file, file)
  for (const file of new Set(
    [CHAT_PAGE, STAGE_PAGE].flatMap((page) => [...readPageFiles(page).sources]).concat(htmlFileSources()),
  )) {
    const to = file.replace('node_modules', THIRD_PARTY)
    copy(file, to)
    // Without what takes types out of a source, the client of a page takes 104 MB in place of 138.
    if (file.endsWith('.ts')) writeFileSync(join(folder, to), withoutTypes(readFileSync(file, 'utf8')))
    inputs.add(file)
  }
  for (const file of PACKAGE_FILES) copy(join('node_modules', file), join(THIRD_PARTY, file))
  for (const name of packagesOf(inputs)) copyLicence(name)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(releasedManifest(), undefined, 2))
  const options = ['pack', '--silent', '--pack-destination', resolve(destination)]
  console.log(execFileSync('npm', options, { cwd: folder, encoding: 'utf8' }).trim())
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function copy(from: string, to: string): void {
  mkdirSync(join(folder, dirname(to)), { recursive: true })
  cpSync(from, join(folder, to), { recursive: true })
}

/** The names of the packages that files are of. */
function packagesOf(inputs: ReadonlySet<string>): Set<string> {
  const names = [...inputs].flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.slice(1) ?? [])
  return new Set(names)
}

/** A licence goes wherever its code goes; where a package has no file of it, its manifest says which it is. */
function copyLicence(name: string): void {
  const from = join('node_modules', name)
  if (!existsSync(from)) throw new Error(`the licence of ${name} is not at ${from}`)
  const licences = readdirSync(from).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  for (const file of licences.length > 0 ? licences : ['package.json']) {
    copy(join(from, file), join(THIRD_PARTY, name, file))
  }
}

function releasedManifest(): object {
  const { name, version, description, license, type, bin, scripts, dependencies, optionalDependencies } = manifest
  return {
    name,
    version,
    description,
    license,
    private: true,
    type,
    bin,
    scripts: { postinstall: scripts.postinstall },
    dependencies: Object.fromEntries(
      Object.entries(dependencies).filter(([dependency]) => NATIVE.includes(dependency)),
    ),
    optionalDependencies,
  }
}
