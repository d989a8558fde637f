#!/usr/bin/env node
/** The `sotto` command: finds Node.js 26, then runs the program of cli/ under it. bin/sotto runs this. */
const { existsSync, readFileSync } = require('node:fs')
const module_ = require('node:module')
const { homedir } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')
const { isNewEnough } = require('./new-enough.js')

const ROOT = join(__dirname, '..')

/** A clone has the sources, and runs them as they are; a release has bundles in their place. */
const SOURCE = join(ROOT, 'cli', 'main.ts')

/** The bundle of each command that is run often, or for long: of less code, which a program holds while it runs. */
const BUNDLES = { chat: 'talk', receive: 'talk', send: 'talk', up: 'up', web: 'talk' }

/**
 * Those that stay hold what is compiled for long: they are given what Node.js keeps by itself. To take more from them, as from
 * those that end, they would hold 5 MB meanwhile.
 */
const STAYING = new Set(['chat', 'receive', 'up', 'web'])

/**
 * Where compiled sources are kept, by which a command starts in a third of the time: beside them, or for the user where
 * only an administrator writes there. Each command that is run often keeps its own: no other calls the same.
 */
const COMPILE_CACHES = [
  join(ROOT, 'node_modules', '.cache', 'compile'),
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sotto', 'compile'),
]

// It would start the debugger of Node.js (lib/runtime/node-options.ts), before and while the command runs.
process.on('SIGUSR1', () => {})

const [command = '', ...rest] = process.argv.slice(2)
const isOftenRun = Object.hasOwn(BUNDLES, command)
if (command === '--version' && rest.length === 0) {
  // Asked by programs before each use of a command, and known without reading one of its files.
  console.log(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version)
} else if (isNewEnough()) {
  const bundle = join(ROOT, 'cli', isOftenRun ? BUNDLES[command] : '', 'main.cjs')
  const caches = COMPILE_CACHES.map((cache) => join(cache, isOftenRun ? command : 'others'))
  const hasSource = existsSync(SOURCE)
  // A measurement of coverage needs the sources as they are.
  const mayKeep = process.env['NODE_V8_COVERAGE'] === undefined
  if (mayKeep && !hasSource && !STAYING.has(command)) require('./kept-code.js').run(bundle, caches)
  else {
    const { FAILED } = module_.constants.compileCacheStatus
    if (mayKeep) caches.find((cache) => module_.enableCompileCache(cache).status !== FAILED)
    if (hasSource) void import(pathToFileURL(SOURCE).href)
    else require(bundle)
  }
} else {
  require('./older-node.js').runUnderNewer(process.argv.slice(2))
}
