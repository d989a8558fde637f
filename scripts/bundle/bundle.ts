/**
 * A program of Sotto and everything that it imports as one file of JavaScript, or as a few.
 *
 * One file to find, read and compile takes a fraction of the time of some 400, and Node.js strips no types below
 * node_modules. It is CommonJS, for which Node.js need not start its loader of modules. Names stay as they are, so that a
 * stack can be read. Modules that a program imports on demand are evaluated on demand here too, and may be in a file of
 * their own (parts.ts).
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { type BuildOptions, build, transform } from 'esbuild'
import { builtins } from './builtins.ts'
import { leftOut } from './left-out.ts'
import { importsOnDemand, type Parts, partsPlugin } from './parts.ts'
import { PACKAGE, placed, sources } from './sources.ts'

/** What is no JavaScript stays a dependency of the release. */
export const NATIVE = ['@node-rs/argon2']

const SETTINGS = {
  bundle: true,
  platform: 'node',
  external: NATIVE,
  // Of a package that is written both ways, the modules: what is not used of them is left out.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions

/** What is made of the code that is written. */
const WRITTEN = {
  format: 'cjs',
  platform: 'node',
  target: 'node26',
  // An import on demand becomes a `require`: bin/kept-code.js knows no other.
  supported: { 'dynamic-import': false },
  minifySyntax: true,
  minifyWhitespace: true,
} as const

/**
 * Make a bundle.
 *
 * @param entry - The program's main file: a path from the root of the project.
 * @param outfile - The file to write, at the same place below a package's root as the entry below the project's. Other
 *   parts are written beside it.
 * @param parts - The parts that it is in; in one file unless set.
 * @returns the files that are in it, as paths from the root of the project.
 */
export async function bundle(entry: string, outfile: string, parts?: Parts): Promise<string[]> {
  const root = relative(dirname(entry), '.')
  // By names of its own: a part may have variables that are called as what all of JavaScript has.
  const banner = `const ${PACKAGE}=(({URL,pathToFileURL})=>new URL('${root}/',pathToFileURL(__filename)))(require('node:url'));`
  const settings = { ...SETTINGS, absWorkingDir: process.cwd(), entryPoints: [entry] }
  const whole = {
    ...settings,
    ...WRITTEN,
    outfile,
    banner: { js: banner },
    plugins: [leftOut, builtins, sources([placed])],
  }
  const { metafile } = await build({ ...whole, write: parts === undefined })
  if (parts === undefined) return Object.keys(metafile.inputs)
  const onDemand = importsOnDemand(metafile, parts)
  const { outputFiles } = await build({
    ...settings,
    // Of the formats, the one that esbuild divides.
    format: 'esm',
    splitting: true,
    write: false,
    outdir: dirname(outfile),
    outExtension: { '.js': '.cjs' },
    plugins: [leftOut, builtins, partsPlugin(onDemand), sources([onDemand.rewritten, placed])],
  })
  await mkdir(dirname(outfile), { recursive: true })
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, { ...WRITTEN, banner })
    // Its names once more, for importers that may not be modules: none is, and it is 3 % of a short command.
    await writeFile(path, code.replace(/\bmodule\.exports=__toCommonJS\((\w+)\)/, 'module.exports=$1'))
  }
  return Object.keys(metafile.inputs)
}
