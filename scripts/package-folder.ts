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

/**
 * What few processes load: tracing and metrics where somebody asks for them, and what answers an inspection. Who does not holds
 * neither its text nor what V8 makes of that: 5 MB of a service.
 */
const SELDOM: readonly (readonly [RegExp, part: string])[] = [
  [/^lib\/runtime\/tracing\//, 'tracing'],
  [/^node_modules\/prom-client\//, 'metrics'],
  [/^lib\/rpc\/standard\//, 'inspection'],
]

/** What people talk by. Whoever calls somebody, or stays, reads the rest, too; only a chat has a screen, or a page. */
const TALK: Parts = (module) => {
  if (AT_ONCE.has(module)) return undefined
  return seldom(module) ?? (/^clients\/(chat|web)\//.test(module) ? 'screen' : 'rest')
}

/** A service makes certificates once in a while, and has a database of its own but where a host says otherwise. */
const SERVICE: Parts = (module) => {
  if (module.startsWith('lib/runtime/certificates/')) return 'certificates'
  return module === 'lib/runtime/database/postgres.ts' ? 'postgres' : seldom(module)
}

/** What supervises the services only names what people use. */
const UP: Parts = (module) => (module.startsWith('clients/') ? 'clients' : seldom(module))

function seldom(module: string): string | undefined {
  return SELDOM.find(([pattern]) => pattern.test(module))?.[1]
}

/** The programs, with the parts of those that are in several files. */
const PROGRAMS: Readonly<Record<string, Parts | undefined>> = {
  'cli/main.ts': undefined,
  'cli/talk/main.ts': TALK,
  'cli/up/main.ts': UP,
  'services/auth/main.ts': SERVICE,
  'services/directory/main.ts': SERVICE,
  'services/relay/main.ts': SERVICE,
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
  'proto/grpc/channelz',
  'proto/grpc/reflection',
]

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
