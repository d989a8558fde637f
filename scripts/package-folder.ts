/**
 * The package that people install, as a folder.
 *
 * It holds a bundle of each program in place of the sources, at the same places, and depends on nothing but Node.js
 * itself and what is native.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withoutTypes } from '#lib/runtime/without-types.ts'
import { CHAT_PAGE, readPageFiles, STAGE_PAGE } from '../clients/web/server/page-files.ts'
import { htmlFileSources } from '../clients/web/wire/html-file.ts'
import manifest from '../package.json' with { type: 'json' }
import { bundle, NATIVE } from './bundle/bundle.ts'
import type { Parts } from './bundle/parts.ts'
import { THIRD_PARTY } from './bundle/sources.ts'

/** The modules that a `sotto send` imports on demand even where it leaves its text to another process, and ends at once. */
const AT_ONCE: ReadonlySet<string> = new Set([
  'clients/command/command-options.ts',
  'clients/command/unlock.ts',
  'clients/command/waiting-notice.ts',
  'clients/profile/profile.ts',
  'clients/sender/send.ts',
])

/** Whoever calls somebody, or stays, reads the rest, too; tracing is seldom asked for. */
const TALK: Parts = (module) => {
  if (AT_ONCE.has(module)) return undefined
  return module.startsWith('lib/runtime/tracing/') ? 'tracing' : 'rest'
}

/** The programs, with the parts of those that are in several files. */
const PROGRAMS: Readonly<Record<string, Parts | undefined>> = {
  'cli/main.ts': undefined,
  'cli/talk/main.ts': TALK,
  'cli/up/main.ts': undefined,
  'services/auth/main.ts': undefined,
  'services/directory/main.ts': undefined,
  'services/relay/main.ts': undefined,
  'services/door/main.ts': undefined,
}

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

/**
 * Lay the package in a folder. The working directory must be the project's root, from which esbuild names what it reads.
 *
 * @param folder - An empty one.
 */
export async function layPackage(folder: string): Promise<void> {
  const inputs = new Set<string>()
  for (const [entry, parts] of Object.entries(PROGRAMS)) {
    for (const input of await bundle(entry, join(folder, entry.replace(/ts$/, 'cjs')), parts)) inputs.add(input)
  }
  const copy = (from: string, to: string) => {
    mkdirSync(join(folder, dirname(to)), { recursive: true })
    cpSync(from, join(folder, to), { recursive: true })
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
  for (const name of packagesOf(inputs)) {
    for (const licence of licencesOf(name)) copy(join('node_modules', name, licence), join(THIRD_PARTY, name, licence))
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(releasedManifest(), undefined, 2))
}

/** The names of the packages that files are of. */
function packagesOf(inputs: ReadonlySet<string>): Set<string> {
  const names = [...inputs].flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.slice(1) ?? [])
  return new Set(names)
}

/** A licence goes wherever its code goes; where a package has no file of it, its manifest says which it is. */
function licencesOf(name: string): string[] {
  const from = join('node_modules', name)
  if (!existsSync(from)) throw new Error(`the licence of ${name} is not at ${from}`)
  const licences = readdirSync(from).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  return licences.length > 0 ? licences : ['package.json']
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
