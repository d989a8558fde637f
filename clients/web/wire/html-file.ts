/**
 * A trace as one HTML file that needs nothing else: to hand in, or to open in ten years.
 *
 * Nothing is bundled and nothing is built: the modules of the view stand in it one after the other, and the one script that
 * the policy of the file permits turns them into modules again.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withoutTypes } from '#lib/runtime/without-types.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const ENTRY = 'clients/web/page/wire/file.ts'

/** The files of packages by the name under which they are imported, where that is not their path. */
const MAINS: Readonly<Record<string, string>> = {
  lit: 'lit/index.js',
  'lit-html': 'lit-html/lit-html.js',
  '@lit/reactive-element': '@lit/reactive-element/reactive-element.js',
}

const IMPORT = /((?:\bimport|\bexport)\s*(?:[\w*{}$,\s]*?\bfrom\s*)?)["']([^"']+)["']/g

/** Makes modules of the texts; those that one imports stand before it, and are named in it by their numbers. */
const LOADER = `const urls = []
for (const text of modules) {
  const code = text.replace(/"@(\\d+)@"/g, (_, number) => JSON.stringify(urls[number]))
  urls.push(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
}
import(urls.at(-1))`

const STYLE = `:root { color-scheme: light dark; --ground: light-dark(#f4f5f4, #0f1413); }
body { margin: 0 auto; max-width: 1280px; padding: 16px; background: var(--ground); color: light-dark(#17201e, #e9eeec); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.25em; margin: 0 0 2px; }
p { margin: 0 0 8px; color: light-dark(#5b6663, #9aa6a3); }`

/**
 * The file.
 *
 * @param trace - Lines of the trace, as `--trace --json` writes them.
 * @param about - A sentence below the title.
 */
export function htmlFile(trace: string, { title, about }: { readonly title: string; readonly about: string }): string {
  const script = `const modules = ${inScript(JSON.stringify(modulesOf(ENTRY)))}\n${LOADER}`
  const policy = [
    "default-src 'none'",
    `script-src '${sourceOf(script)}' blob:`,
    `style-src '${sourceOf(STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(about)}</p>
<noscript><p>This file draws itself with JavaScript; the messages are in its source, as JSON.</p></noscript>
<sotto-wire></sotto-wire>
<script type="application/json" id="trace">
${inScript(trace)}</script>
<script type="module">${script}</script>
</body>
</html>
`
}

/** What stands in {@link htmlTemplate} where the lines of a trace go. */
const TRACE_MARK = '@trace@'

/** The file without a trace: the page puts in the one that it shows, and saves it. */
export function htmlTemplate(): string {
  return htmlFile(TRACE_MARK, {
    title: 'Sotto: the wire',
    about: 'What passed, saved from a page.',
  })
}

/** The files that it is made of, from the root of the project: a release has them, too. */
export function htmlFileSources(): string[] {
  return sourcesOf(ENTRY).map(({ file }) => file)
}

/** The modules as texts, those that one imports before it. */
function modulesOf(entry: string): string[] {
  const sources = sourcesOf(entry)
  const numbers = new Map(sources.map(({ file }, number) => [file, number]))
  return sources.map(({ file, code }) =>
    code.replace(IMPORT, (_, words: string, name: string) => `${words}"@${numbers.get(resolved(name, file))}@"`),
  )
}

interface Source {
  /** From the root of the project. */
  readonly file: string
  readonly code: string
}

function sourcesOf(file: string, before: readonly string[] = [], found = new Map<string, Source>()): Source[] {
  if (found.has(file)) return [...found.values()]
  if (before.includes(file)) throw new TypeError(`${file} imports itself by way of others`)
  const text = readFileSync(placeOf(file), 'utf8')
  const code = (file.endsWith('.ts') ? withoutTypes(text) : text).replace(/^\/\/# sourceMappingURL=.*$/m, '')
  for (const [, , name = ''] of code.matchAll(IMPORT)) sourcesOf(resolved(name, file), [...before, file], found)
  found.set(file, { file, code })
  return [...found.values()]
}

function resolved(name: string, from: string): string {
  return name.startsWith('.') ? join(dirname(from), name) : join('node_modules', MAINS[name] ?? name)
}

/** Where a file is: in a release, that of a package is among those of third parties. */
function placeOf(file: string): string {
  const place = join(ROOT, file)
  return existsSync(place) ? place : join(ROOT, file.replace('node_modules/', 'third-party/'))
}

/** A hash by which the policy permits what stands in the file. */
function sourceOf(content: string): string {
  return `sha256-${hash('sha256', content, 'base64')}`
}

/** JSON that no script element ends in. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
