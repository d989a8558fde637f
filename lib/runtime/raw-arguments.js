// @ts-check
/**
 * The arguments of this process in the bytes in which they were given. Node.js puts U+FFFD in the place of what is no
 * UTF-8, so that a name would be that of another file, and a text another text.
 *
 * Plain JavaScript, for an older Node.js reads it too, before bin/ hands the arguments on: what it hands on is UTF-8.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/**
 * The first argument that is no UTF-8, with its bytes as escapes.
 *
 * @param {readonly string[]} argv - The last of the arguments of this process, as Node.js has them.
 * @returns {string | undefined} undefined where there is none, and where the system does not tell (it does on Linux).
 */
export function findNonUtf8(argv) {
  if (!argv.some((argument) => argument.includes('\uFFFD'))) return undefined
  const found = rawArguments(argv.length).find(
    (bytes, index) => bytes.toString('utf8') === argv[index] && !isUtf8(bytes),
  )
  return found && escaped(found)
}

/** @param {number} count @returns {Buffer[]} */
function rawArguments(count) {
  try {
    // A byte a character, each argument ended by a zero.
    const all = readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1)
    return all.slice(-count).map((text) => Buffer.from(text, 'latin1'))
  } catch {
    return []
  }
}

/** @param {Uint8Array} bytes */
function isUtf8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** @param {Buffer} bytes */
function escaped(bytes) {
  return bytes.toString('latin1').replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
