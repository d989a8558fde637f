/**
 * The tables for fish: a line for each thing that can be typed, each under the condition that it fits.
 *
 * @module
 */
import { allCommands, type CommandForm, type OptionForm, type Values } from './grammar.ts'
import { quoted } from './script.ts'

export function fishTables(program: CommandForm): string {
  const commands = allCommands(program)
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => (value ? flags.map((flag) => quoted(`${path.join(' ')} ${flag}`)) : [])),
  )
  return [
    `set -g __sotto_commands ${commands.map(({ path }) => quoted(path.join(' '))).join(' ')}`,
    `set -g __sotto_valued ${valued.join(' ')}`,
    ...commands.flatMap(linesOf),
    '',
  ].join('\n')
}

function linesOf({ path, commands, options, arguments: forms }: CommandForm): string[] {
  const at = `__sotto_at ${quoted(path.join(' '))}`
  return [
    ...commands.map(({ name, description }) => line(`${at} 1`, `-a ${name} -d ${quoted(description)}`)),
    ...options.map((option) => line(at, optionOf(option))),
    ...forms.map(({ variadic, values }, index) => line(`${at} ${variadic ? 'any' : index + 1}`, takes(values))),
  ]
}

function line(condition: string, offer: string): string {
  return `complete -c sotto -n "${condition}" ${offer}`
}

function optionOf({ flags, description, value }: OptionForm): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  const taken = value === undefined ? [] : ['-r', takes(value.values)]
  return [...names, ...taken, '-d', quoted(description)].join(' ')
}

function takes(values: Values): string {
  return values.kind === 'words' ? `-a ${quoted(values.words.join(' '))}` : SOURCES[values.kind]
}

const SOURCES = {
  contacts: "-a '(__sotto_contacts)'",
  profiles: "-a '(__sotto_profiles)'",
  files: '-F',
  folders: "-a '(__fish_complete_directories)'",
  nothing: '-f',
} as const satisfies Readonly<Record<Exclude<Values['kind'], 'words'>, string>>
