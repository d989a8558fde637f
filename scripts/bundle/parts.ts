/**
 * A bundle in parts: what a program reads whenever it starts, and what it may come to need, in files of their own.
 *
 * A file costs the reading, a check sum, and the unpacking of what is kept compiled of it, used or not: of 2.5 MB, 12 ms.
 * esbuild divides code at every import on demand, which makes a hundred files of it. Here each of those is made a
 * `require`, which stays within the file, but for those that lead to another part.
 *
 * @module
 */
import { type Metafile, type Plugin, transform } from 'esbuild'
import type { Edit } from './sources.ts'

/** Names the part that a module is in which is imported on demand; undefined if it is in the one that imports it. */
export type Parts = (module: string) => string | undefined

/** The imports on demand of a program. */
export interface OnDemand {
  /** The modules that each part is entered by. */
  readonly entries: ReadonlyMap<string, ReadonlySet<string>>
  /** Has the imports of a source lead into the parts. */
  readonly rewritten: Edit
}

/** Find the imports on demand of a program that was bundled in one file. */
export function importsOnDemand({ inputs }: Metafile, parts: Parts): OnDemand {
  const entries = new Map<string, Set<string>>()
  const codes = new Map<string, Map<string, string>>()
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { path, kind, original } of imports) {
      if (kind !== 'dynamic-import' || original === undefined) continue
      const part = path.startsWith('builtin:') ? undefined : parts(path)
      const isModule = inputs[path]?.format === 'esm'
      if (part !== undefined) entries.set(part, (entries.get(part) ?? new Set()).add(path))
      const code = part === undefined ? within(original, isModule) : into(part, path)
      codes.set(importer, (codes.get(importer) ?? new Map()).set(original, code))
    }
  }
  return {
    entries,
    async rewritten(source) {
      const own = codes.get(source.path)
      if (own === undefined) return source
      // Without its types, which may speak of imports, too.
      const { code } = await transform(source.text, { loader: source.loader, target: 'node26' })
      const text = code.replace(/\bimport\("([^"]+)"\)/g, (all, original: string) => own.get(original) ?? all)
      return { ...source, text, loader: 'js' }
    },
  }
}

/** An import on demand of what is in the same file. */
function within(original: string, isModule: boolean): string {
  const code = `require(${JSON.stringify(original)})`
  return `Promise.resolve().then(() => ${isModule ? code : `({ ...${code}, default: ${code} })`})`
}

function into(part: string, path: string): string {
  return `import("part:${part}").then((part) => part.modules[${JSON.stringify(path)}]())`
}

/** Makes the modules by which each part is entered. */
export function partsPlugin({ entries }: OnDemand): Plugin {
  return {
    name: 'parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^part:/ }, ({ path }) => ({ path: path.replace('part:', ''), namespace: 'part' }))
      onLoad({ filter: /.*/, namespace: 'part' }, ({ path: part }) => {
        const modules = [...(entries.get(part) ?? [])].map(
          (path) => `${JSON.stringify(path)}: () => require("./${path}")`,
        )
        return { contents: `export const modules = { ${modules.join(', ')} }`, resolveDir: process.cwd() }
      })
    },
  }
}
