/**
 * After an install: makes `node` in every npm script of this project a Node.js that can run it.
 *
 * Several platform packages own a command named `node`, and npm, when it skips the packages of other platforms,
 * removes the link of the one that it kept (npm 9 to 11.6.0 do). So the link is made here, once, in the open.
 */
const { mkdirSync, rmSync, symlinkSync } = require('node:fs')
const { dirname, relative } = require('node:path')
const { findNode, LINK } = require('./node-26.js')

const found = findNode()
if ('problem' in found) {
  console.error(`sotto: ${found.problem}`)
  process.exitCode = 1
} else {
  mkdirSync(dirname(LINK), { recursive: true })
  rmSync(LINK, { force: true })
  // Relative, so that the link survives a move of the whole folder.
  symlinkSync(relative(dirname(LINK), found.path), LINK)
}
