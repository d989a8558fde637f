/**
 * Runs the files of a bundle with what is kept compiled of them.
 *
 *     offset  size  field
 *     0       32    digest  SHA-256 over the source and what follows: V8 sees to neither
 *     32      1     times   how often code was taken until then
 *     33      7     zero
 *     40      n     code    as V8 gives it, which takes none of another version or with other flags
 *
 * V8 compiles a function when it is called first. What Node.js keeps by itself was compiled before anything was called;
 * this is taken when a command ends, and so has what it called: a quarter less of a processor's time for a `sotto send`.
 */
const { createHash } = require('node:crypto')
const { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync } = require('node:fs')
const { renameSync, unlinkSync, writeFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { basename, dirname, join } = require('node:path')
const { Script } = require('node:vm')

const DIGEST_BYTES = 32
const HEAD_BYTES = 40

/** How many commands it is taken from, each of which adds what it calls: they do not all do the same. Taking it is 50 ms. */
const TIMES = 3

/** A module of CommonJS as a function, as Node.js makes it one. */
const [HEAD, TAIL] = ['(function (exports, require, module, __filename, __dirname) {', '\n})']

/**
 * Run a file, and what it requires of the files beside it.
 *
 * @param file - The path of a CommonJS module, which imports nothing on demand but by `require`.
 * @param folders - Where code may be kept: it is read from the first that has it, and written to the first that takes it.
 * @returns what the module exports.
 */
exports.run = (file, folders) => {
  const places = folders.map((folder) => join(folder, `${process.version}-${process.arch}`))
  const modules = new Map()
  const incomplete = []

  function load(path) {
    const known = modules.get(path)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    modules.set(path, module)
    const folder = dirname(path)
    const elsewhere = createRequire(path)
    const require = (name) => (name.startsWith('./') ? load(join(folder, name)) : elsewhere(name))
    compiled(path).call(module.exports, module.exports, Object.assign(require, elsewhere), module, path, folder)
    return module.exports
  }

  function compiled(path) {
    const source = readFileSync(path)
    const kept = readKept(places, basename(path), source)
    const script = new Script(HEAD + source.toString('utf8') + TAIL, {
      filename: path,
      columnOffset: -HEAD.length,
      cachedData: kept?.subarray(HEAD_BYTES),
    })
    const times = kept === undefined || script.cachedDataRejected ? 0 : kept[DIGEST_BYTES]
    if (times < TIMES) incomplete.push({ path, source, script, times: times + 1 })
    return script.runInThisContext()
  }

  function keep() {
    for (const { path, source, script, times } of incomplete) {
      const head = Buffer.alloc(HEAD_BYTES)
      const kept = Buffer.concat([head, script.createCachedData()])
      kept[DIGEST_BYTES] = times
      digestOf(source, kept).copy(kept)
      writeKept(places, basename(path), kept)
    }
  }

  // One that fails has not done what others do.
  process.once('exit', (exitCode) => exitCode === 0 && keep())
  return load(file)
}

/** What is kept of a source; undefined if there is nothing, or it is not whole, or of another source. */
function readKept(places, name, source) {
  for (const place of places) {
    const kept = readOwn(join(place, name))
    if (kept?.subarray(0, DIGEST_BYTES).equals(digestOf(source, kept))) return kept
  }
  return undefined
}

/** A file's bytes, if it is this user's, or root's: another's code is not to be run. */
function readOwn(path) {
  let file
  try {
    file = openSync(path, 'r')
    const { uid } = fstatSync(file)
    return uid === 0 || uid === process.getuid() ? readFileSync(file) : undefined
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Where nothing can be written, the command takes as long the next time. */
function writeKept(places, name, kept) {
  for (const place of places) {
    const path = join(place, name)
    const temporary = `${path}.${process.pid}.tmp`
    try {
      mkdirSync(place, { recursive: true })
      const file = openSync(temporary, 'w', 0o644)
      try {
        writeFileSync(file, kept)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      return renameSync(temporary, path)
    } catch {
      remove(temporary)
    }
  }
}

/** Each command has a name of its own for it: on a full disk one would be left by every one. */
function remove(temporary) {
  try {
    unlinkSync(temporary)
  } catch {}
}

function digestOf(source, kept) {
  return createHash('sha256').update(source).update(kept.subarray(DIGEST_BYTES)).digest()
}
