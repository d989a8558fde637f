/**
 * The tables for zsh: a function for each command, built on zsh's own `_arguments`.
 *
 * @module
 */
import { type ArgumentForm, allCommands, type CommandForm, type OptionForm, type Values } from './grammar.ts'
import { quoted } from './script.ts'

export function zshTables(program: CommandForm): string {
  return allCommands(program).map(functionOf).join('\n')
}

/**
 * The name of a command's function. It has hyphens, for the script's own functions have none, and there is a command
 * `contacts`.
 */
function nameOf({ path }: CommandForm): string {
  return ['_sotto', ...path].join('-')
}

function functionOf(command: CommandForm): string {
  const options = command.options.flatMap(optionSpecs)
  const body = command.commands.length > 0 ? dispatch(command, options) : plainBody(command, options)
  return [`${nameOf(command)}() {`, '  typeset -A opt_args', ...body, '}', ''].join('\n')
}

function plainBody(command: CommandForm, options: readonly string[]): string[] {
  return [call('_arguments', [...options, ...command.arguments.map(argumentSpec)])]
}

function dispatch({ commands }: CommandForm, options: readonly string[]): string[] {
  return [
    '  local context state state_descr line',
    '  local -a commands',
    '  commands=(',
    ...commands.map((each) => `    ${quoted(`${each.name}:${each.description}`)}`),
    '  )',
    call('_arguments -C', [...options, "'1: :->command'", "'*:: :->rest'"]),
    '  case $state in',
    '    command) _describe command commands ;;',
    '    rest)',
    '      case $words[1] in',
    ...commands.map((each) => `        ${each.name}) ${nameOf(each)} ;;`),
    '      esac ;;',
    '  esac',
  ]
}

function call(command: string, words: readonly string[]): string {
  return [`  ${command}`, ...words].join(' \\\n    ')
}

function optionSpecs({ flags, description, value }: OptionForm): string[] {
  const others = flags.length > 1 ? `(${flags.join(' ')})` : ''
  const times = value?.variadic ? '*' : ''
  return flags.map((flag) => quoted(`${others}${times}${flag}[${plain(description)}]${value ? taken(value) : ''}`))
}

function argumentSpec(form: ArgumentForm, index: number): string {
  return quoted(`${form.variadic ? '*' : index + 1}${taken(form)}`)
}

function taken({ name, values }: ArgumentForm): string {
  return `:${plain(name)}:${values.kind === 'words' ? `(${values.words.join(' ')})` : ACTIONS[values.kind]}`
}

const ACTIONS = {
  contacts: '_sotto_contacts',
  profiles: '_sotto_profiles',
  files: '_files',
  folders: '_files -/',
  nothing: ' ',
} as const satisfies Readonly<Record<Exclude<Values['kind'], 'words'>, string>>

/** Escape the signs that `_arguments` gives a meaning. */
function plain(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&')
}
