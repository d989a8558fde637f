/** The `sotto` command where whatever started it is an older Node.js. */
const { spawn } = require('node:child_process')
const { constants } = require('node:os')
const { join } = require('node:path')
const { findNode } = require('./node-26.js')

const LAUNCHER = join(__dirname, 'sotto.js')

/** Runs the command under the Node.js 26 that is installed beside it. */
exports.runUnderNewer = async (argv) => {
  const { findNonUtf8 } = await import('../lib/runtime/raw-arguments.js')
  const found = findNode()
  // Handed on, they would be UTF-8, and nobody could tell any more.
  const nonUtf8 = findNonUtf8(argv)
  if ('problem' in found) {
    console.error(`sotto: ${found.problem}`)
    process.exitCode = 1
  } else if (nonUtf8 !== undefined) {
    console.error(`sotto: an argument is not UTF-8: ${nonUtf8} (ERR_INVALID_UTF8)`)
    process.exitCode = 2
  } else runUnder(found.path, argv)
}

/** Passes signals on to the child, and its exit code back, so that the older Node.js between them does not show. */
function runUnder(node, argv) {
  // The arguments may be nobody else's business; the child takes care of its own.
  process.title = 'sotto'
  const child = spawn(node, ['--disable-sigusr1', '--use-openssl-ca', LAUNCHER, ...argv], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : code
  })
}
