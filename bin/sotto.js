#!/usr/bin/env node
/** The `sotto` command: finds Node.js 26, then runs the program of cli/ under it. bin/sotto runs this. */
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { isNewEnough } from './new-enough.js'

const MANIFEST = new URL('../package.json', import.meta.url)

/** A clone has the sources, and runs them as they are; a release has a bundle in their place. */
const SOURCE = new URL('../cli/main.ts', import.meta.url)
const BUNDLE = new URL('../cli/main.js', import.meta.url)

/**
 * Compiled sources, by which a command starts in a third of the time. Where they cannot be written, nothing is kept. Each
 * command keeps those that it needs: what is there once is not added to.
 */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url))
const [command = ''] = process.argv.slice(2)
const OFTEN_RUN = ['chat', 'receive', 'send', 'up']

// It would start the debugger of Node.js (lib/runtime/no-debugger.ts), before and while the command runs.
process.on('SIGUSR1', () => {})

if (process.argv.length === 3 && command === '--version') {
  // Asked by programs before each use of a command, and known without reading one of its files.
  console.log(JSON.parse(readFileSync(MANIFEST, 'utf8')).version)
} else if (isNewEnough()) {
  // A measurement of coverage needs the sources as they are.
  if (process.env['NODE_V8_COVERAGE'] === undefined) {
    module.enableCompileCache(`${COMPILE_CACHE}/${OFTEN_RUN.includes(command) ? command : 'others'}`)
  }
  await import((existsSync(SOURCE) ? SOURCE : BUNDLE).href)
} else {
  const { runUnderNewer } = await import('./older-node.js')
  runUnderNewer(process.argv.slice(2))
}
