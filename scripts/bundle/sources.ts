/**
 * What is changed in the sources of a bundle before they are put together.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Plugin } from 'esbuild'

/** Where a package is laid that a bundle holds: its licence, and the files that it reads. */
export const THIRD_PARTY = 'third-party'

/** A name of the bundle's own, for the folder of the package as a URL. */
export const PACKAGE = '__sottoPackage'

/** A source as it is: the path from the root of the project, the text, and the language. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly loader: 'ts' | 'js'
}

/** Gives the source as it is to be; the same where there is nothing to change. */
export type Edit = (source: Source) => Source | Promise<Source>

/** Make these changes, one after the other. */
export function sources(edits: readonly Edit[]): Plugin {
  return {
    name: 'sources',
    setup({ onLoad }) {
      onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
        const before: Source = {
          path: relative('.', path),
          text: await readFile(path, 'utf8'),
          loader: path.endsWith('.ts') ? 'ts' : 'js',
        }
        let source = before
        for (const edit of edits) source = await edit(source)
        return source === before ? undefined : { contents: source.text, loader: source.loader }
      })
    },
  }
}

/** Each module is told the place that it would have in the package, by which it finds the files that it reads. */
export function placed(source: Source): Source {
  const { path, text } = source
  if (!/\bimport\.meta\.url\b|\b__dirname\b/.test(text)) return source
  const place = path.replace(/^.*node_modules/, THIRD_PARTY).replace(/\.ts$/, '.cjs')
  const url = `new URL('${place}', ${PACKAGE})`
  return {
    ...source,
    text: text
      .replaceAll('import.meta.url', `${url}.href`)
      .replaceAll('__dirname', `process.getBuiltinModule('node:path').dirname(${url}.pathname)`),
  }
}
