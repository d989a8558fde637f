/**
 * The files of the page, as the browser gets them: TypeScript without its types, and what it imports, each under an address
 * with its hash, so that a browser keeps it for good and never an old one.
 *
 * Nothing is bundled and nothing is built: an import map leads every import to its file. A release has the same files.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withoutTypes } from '#lib/runtime/without-types.ts'
import { htmlTemplate } from '../wire/html-file.ts'

/** A file, as it is sent. */
export interface PageFile {
  readonly type: string
  readonly body: Buffer
}

export interface PageFiles {
  /** By path. */
  readonly files: ReadonlyMap<string, PageFile>
  readonly index: PageFile
  /** The files that it was made from, as paths from the root of the project. */
  readonly sources: readonly string[]
  /** The hash of the one script that stands in the index, for the policy of the page. */
  readonly importMapHash: string
  /** What the page saves a trace in: as text, for it is no page here. Made when it is asked for. */
  readonly template: () => PageFile
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Where a page's own files are: its first module, what stands around it, and its look. */
export interface PageSources {
  readonly entry: string
  readonly index: string
  readonly style: string
}

const PAGE = 'clients/web/page'
const ICON = `${PAGE}/icon.svg`

/** The page of a person. */
export const CHAT_PAGE: PageSources = {
  entry: `${PAGE}/main.ts`,
  index: `${PAGE}/index.html`,
  style: `${PAGE}/style.css`,
}

/** The page of a demo, which has those of both in it. */
export const STAGE_PAGE: PageSources = {
  entry: `${PAGE}/stage/stage.ts`,
  index: `${PAGE}/stage/index.html`,
  style: `${PAGE}/stage/style.css`,
}

/** The files of packages by the name under which they are imported, where that is not their path. */
const MAINS: Readonly<Record<string, string>> = {
  lit: 'lit/index.js',
  'lit-html': 'lit-html/lit-html.js',
  '@lit/reactive-element': '@lit/reactive-element/reactive-element.js',
  uqr: 'uqr/dist/index.mjs',
  '@bufbuild/protobuf/wire': '@bufbuild/protobuf/dist/esm/wire/binary-encoding.js',
}

const IMPORT = /(?:\bimport|\bexport)\s*(?:[\w*{}$,\s]*?\bfrom\s*)?["']([^"']+)["']/g
const IMPORT_ON_DEMAND = /\bimport\(\s*["']([^"']+)["']\s*\)/g

/** Where the page's own files are named in it. */
const HEAD = '<!-- its files, by page-files.ts -->'

const SCRIPT = 'text/javascript; charset=utf-8'

/** Read all files that a page needs. */
export function readPageFiles({ entry, index: indexFile, style: styleFile }: PageSources): PageFiles {
  const graph = new ModuleGraph()
  graph.add(entry, true)
  const files = new Map<string, PageFile>(graph.modules)
  const style = addStatic(files, styleFile, 'text/css; charset=utf-8')
  const icon = addStatic(files, ICON, 'image/svg+xml')
  const importMap = JSON.stringify({ imports: graph.importMap() })
  const head = [
    `<link rel="icon" type="image/svg+xml" href="${icon}">`,
    `<link rel="stylesheet" href="${style}">`,
    `<script type="importmap">${importMap}</script>`,
    ...graph.preloads().map((url) => `<link rel="modulepreload" href="${url}">`),
    `<script type="module" src="${addressOf(entry, files.get(pathOf(entry)))}"></script>`,
  ]
  const index = readFileSync(join(ROOT, indexFile), 'utf8').replace(HEAD, () => head.join('\n    '))
  return {
    files,
    index: { type: 'text/html; charset=utf-8', body: Buffer.from(index) },
    sources: [...graph.sources, indexFile, styleFile, ICON],
    importMapHash: hash('sha256', importMap, 'base64'),
    template: () => ({ type: 'text/plain; charset=utf-8', body: Buffer.from(htmlTemplate()) }),
  }
}

function addStatic(files: Map<string, PageFile>, path: string, type: string): string {
  const file = { type, body: readFileSync(join(ROOT, path)) }
  files.set(pathOf(path), file)
  return addressOf(path, file)
}

/** The modules of the page and all that they import. */
class ModuleGraph {
  /** By path. */
  readonly modules = new Map<string, PageFile>()
  /** The names of packages and of our own folders, each with the file that it leads to. */
  readonly #names = new Map<string, string>()
  readonly #atStart = new Set<string>()
  readonly sources = new Set<string>()

  /** @param file - From the root of the project. */
  add(file: string, isAtStart: boolean): void {
    const path = pathOf(file)
    if (this.modules.has(path)) {
      if (!isAtStart || this.#atStart.has(file)) return
    }
    if (isAtStart) this.#atStart.add(file)
    this.sources.add(file)
    const source = readFileSync(placeOf(file), 'utf8')
    const code = withoutSourceMap(file.endsWith('.ts') ? withoutTypes(source) : source)
    this.modules.set(path, { type: SCRIPT, body: Buffer.from(code) })
    for (const [, name = ''] of code.matchAll(IMPORT)) this.add(this.#resolve(name, file), isAtStart)
    for (const [, name = ''] of code.matchAll(IMPORT_ON_DEMAND)) this.add(this.#resolve(name, file), false)
  }

  #resolve(name: string, from: string): string {
    if (name.startsWith('.')) return join(dirname(from), name)
    const file = name.startsWith('#gen/') ? name.slice(1) : join('node_modules', MAINS[name] ?? name)
    this.#names.set(name, file)
    return file
  }

  /** Where every import leads: a name to a file, and a file to its address. */
  importMap(): Record<string, string> {
    const addresses = [...this.modules].map(([path, module]) => [path, `${path}?${digestOf(module)}`] as const)
    const named = [...this.#names].map(
      ([name, file]) => [name, addressOf(file, this.modules.get(pathOf(file)))] as const,
    )
    return Object.fromEntries([...addresses, ...named])
  }

  /** The addresses of what is needed at once. */
  preloads(): string[] {
    return [...this.#atStart].map((file) => addressOf(file, this.modules.get(pathOf(file))))
  }
}

/** Where a file is: in a release, that of a package is among those of third parties. */
function placeOf(file: string): string {
  const place = join(ROOT, file)
  return existsSync(place) ? place : join(ROOT, file.replace('node_modules/', 'third-party/'))
}

function withoutSourceMap(code: string): string {
  return code.replace(/^\/\/# sourceMappingURL=.*$/m, '')
}

/** The path of a file of the project in the page: ours lie to each other as in the project. */
function pathOf(file: string): string {
  return `/${file.replace('clients/web/', '').replace('node_modules/', 'packages/')}`
}

function addressOf(file: string, found: PageFile | undefined): string {
  if (found === undefined) throw new TypeError(`${file} is no file of the page`)
  return `${pathOf(file)}?${digestOf(found)}`
}

function digestOf({ body }: PageFile): string {
  return hash('sha256', body, 'hex').slice(0, 16)
}
