/**
 * A program of Sotto and everything that it imports as one file of JavaScript.
 *
 * One file to find, read and compile takes a fraction of the time of some 400, and Node.js strips no types below
 * node_modules. It is CommonJS, for which Node.js need not start its loader of modules. Names stay as they are, so that a stack can be read. Modules that a program imports on demand are evaluated
 * on demand here too.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** Where a package is laid that a bundle holds: its licence, and the files that it reads. */
export const THIRD_PARTY = 'third-party'

/** What is no JavaScript stays a dependency of the release. */
export const NATIVE = ['@node-rs/argon2']

/** A name of the bundle's own, for the folder of the package as a URL. */
const PACKAGE = '__sottoPackage'

/**
 * Make a bundle.
 *
 * @param entry - The program's main file: a path from the root of the project.
 * @param outfile - The file to write, at the same place below a package's root as the entry below the project's.
 * @returns the files that are in it, as paths from the root of the project.
 */
export async function bundle(entry: string, outfile: string): Promise<string[]> {
  const root = relative(dirname(entry), '.')
  const { metafile } = await build({
    absWorkingDir: process.cwd(),
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node26',
    external: NATIVE,
    plugins: [builtins, places],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    banner: { js: `const ${PACKAGE}=new URL('${root}/',require('node:url').pathToFileURL(__filename));` },
  })
  return Object.keys(metafile.inputs)
}

/**
 * Modules of Node.js itself, looked up when the module that imports them is evaluated, and only what is used of each. An
 * import statement would look all of them up at the start, and every export of each, which for some loads more than is
 * used (for `node:http` 27 ms more).
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_/0-9]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      if (path === name && !builtinModules.includes(name)) return undefined
      return kind === 'require-call' ? { path: `node:${name}`, external: true } : { path: name, namespace: 'builtin' }
    })
    onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const { default: _, ...named } = await import(`node:${path}`)
      const exported = Object.keys(named).map(
        (name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})()`,
      )
      return {
        contents: [
          `const builtin = process.getBuiltinModule('node:${path}')`,
          'export default builtin',
          ...exported,
        ].join('\n'),
      }
    })
  },
}

/** Each module is told the place that it would have in the package, by which it finds the files that it reads. */
const places: Plugin = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      if (!/\bimport\.meta\.url\b|\b__dirname\b/.test(source)) return undefined
      const place = relative('.', path)
        .replace(/^.*node_modules/, THIRD_PARTY)
        .replace(/\.ts$/, '.cjs')
      const url = `new URL('${place}', ${PACKAGE})`
      return {
        loader: path.endsWith('.ts') ? 'ts' : 'js',
        contents: source
          .replaceAll('import.meta.url', `${url}.href`)
          .replaceAll('__dirname', `process.getBuiltinModule('node:path').dirname(${url}.pathname)`),
      }
    })
  },
}
