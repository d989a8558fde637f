/**
 * What the Tab key completes: commands, and names where one is due.
 *
 * @module
 */
import { COMMANDS } from '../command.ts'

/**
 * Ways to go on with a line, as readline's completer has them.
 *
 * @param line - The line up to the cursor.
 * @param names - The names that may be meant.
 * @returns The endings that fit, and the part of the line that each of them stands for.
 */
export function complete(line: string, names: readonly string[]): [endings: string[], part: string] {
  const command = /^\/(\w*)$/.exec(line)
  if (command) return fitting(Object.keys(COMMANDS), '/', command[1] ?? '')
  const addressed = /^@(\S*)$/.exec(line)
  if (addressed) return fitting(names, '@', addressed[1] ?? '')
  const argument = /^\/(\w+) (\S*)$/.exec(line)
  if (argument && takesName(argument[1] ?? '')) return fitting(names, '', argument[2] ?? '')
  return [[], line]
}

function fitting(words: readonly string[], sign: string, begun: string): [string[], string] {
  const endings = words.filter((word) => word.startsWith(begun)).map((word) => `${sign}${word} `)
  return [endings, sign + begun]
}

function takesName(word: string): boolean {
  return Object.hasOwn(COMMANDS, word) && COMMANDS[word as keyof typeof COMMANDS].argument.includes('NAME')
}
