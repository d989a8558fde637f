/**
 * Completion by the Tab key: commands, and names and paths where one is expected.
 *
 * @module
 */
import { COMMANDS } from '../command.ts'
import { completePath } from './path-completion.ts'

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
  if (argument && takes(argument[1] ?? '', 'NAME')) return fitting(names, '', argument[2] ?? '')
  const path = /^\/(\w+) +(.*)$/.exec(line)
  if (path && takes(path[1] ?? '', 'PATH')) return completePath(path[2] ?? '')
  return [[], line]
}

function fitting(words: readonly string[], sign: string, begun: string): [string[], string] {
  const endings = words.filter((word) => word.startsWith(begun)).map((word) => `${sign}${word} `)
  return [endings, sign + begun]
}

function takes(word: string, argument: 'NAME' | 'PATH'): boolean {
  return Object.hasOwn(COMMANDS, word) && COMMANDS[word as keyof typeof COMMANDS].argument.includes(argument)
}
