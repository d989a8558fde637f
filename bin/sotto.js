#!/usr/bin/env node
/** The `sotto` command: finds Node.js 26, then runs cli/main.ts under it. bin/sotto runs this. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { findNonUtf8 } from '../lib/runtime/raw-arguments.js'
import { findNode, isNewEnough } from './node-26.js'

const SELF = fileURLToPath(import.meta.url)
const MAIN = new URL('../cli/main.ts', import.meta.url)
const MANIFEST = new URL('../package.json', import.meta.url)

/** Compiled sources, by which a command starts in a third of the time. Where it cannot be written, nothing is kept. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url))

// It would start the debugger of Node.js (lib/runtime/no-debugger.ts), before and while the command runs.
process.on('SIGUSR1', () => {})

if (process.argv.length === 3 && process.argv[2] === '--version') {
  // Asked by programs before each use of a command, and known without reading one of its files.
  console.log(JSON.parse(readFileSync(MANIFEST, 'utf8')).version)
} else if (isNewEnough()) {
  // A measurement of coverage needs the sources as they are.
  if (process.env['NODE_V8_COVERAGE'] === undefined) module.enableCompileCache(COMPILE_CACHE)
  await import(MAIN.href)
} else {
  const found = findNode()
  // Handed on, they would be UTF-8, and nobody could tell any more.
  const nonUtf8 = findNonUtf8(process.argv.slice(2))
  if ('problem' in found) {
    console.error(`sotto: ${found.problem}`)
    process.exitCode = 1
  } else if (nonUtf8 !== undefined) {
    console.error(`sotto: an argument is not UTF-8: ${nonUtf8} (ERR_INVALID_UTF8)`)
    process.exitCode = 2
  } else runUnder(found.path)
}

/** Passes signals on to the child, and its exit code back, so that the older Node.js between them does not show. */
function runUnder(node) {
  // The arguments may be nobody else's business; the child takes care of its own.
  process.title = 'sotto'
  const child = spawn(node, ['--disable-sigusr1', SELF, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code
  })
}
