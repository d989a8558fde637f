/**
 * The parts of a completion script: its constant part is a script of the shell beside this file, in which the tables of
 * commands and options, made from the program, replace one line.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'

const PLACE = '# TABLES\n'

/** A shell's script with the tables in it. */
export async function scriptWith(shell: 'bash' | 'zsh' | 'fish', tables: string): Promise<string> {
  const script = await readFile(new URL(`sotto.${shell}`, import.meta.url), 'utf8')
  return script.replace(PLACE, () => tables)
}

/** A text as one word of any of these shells; it may hold anything but a backslash. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`
}
