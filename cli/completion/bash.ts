/**
 * The tables for bash: functions that answer by `case`, because the bash of macOS has no maps.
 *
 * @module
 */
import { type ArgumentForm, allCommands, type CommandForm, type Values } from './grammar.ts'
import { quoted } from './script.ts'

export function bashTables(program: CommandForm): string {
  const commands = allCommands(program)
  return [
    table('_sotto_commands', 'the commands below $1', '"$1"', commands.flatMap(commandRows)),
    table('_sotto_options', 'the options of $1', '"$1"', commands.flatMap(optionRows)),
    table('_sotto_value', 'what follows the option $2 of $1', '"$1 $2"', commands.flatMap(valueRows)),
    table('_sotto_argument', 'what stands at the place $2 behind $1', '"$1 $2"', commands.flatMap(argumentRows)),
  ].join('\n')
}

function table(name: string, what: string, subject: string, rows: readonly string[]): string {
  return [`# Says ${what}.`, `${name}() {`, `  case ${subject} in`, ...rows, '  esac', '}', ''].join('\n')
}

function row(pattern: string, answer: string): string {
  return `    ${pattern}) echo ${quoted(answer)} ;;`
}

function commandRows({ path, commands }: CommandForm): string[] {
  return commands.length === 0 ? [] : [row(quoted(path.join(' ')), commands.map(({ name }) => name).join(' '))]
}

function optionRows({ path, options }: CommandForm): string[] {
  return [row(quoted(path.join(' ')), options.flatMap(({ flags }) => flags).join(' '))]
}

function valueRows({ path, options }: CommandForm): string[] {
  return options.flatMap(({ flags, value }) =>
    value === undefined ? [] : flags.map((flag) => row(quoted(`${path.join(' ')} ${flag}`), taken(value))),
  )
}

function argumentRows({ path, arguments: forms }: CommandForm): string[] {
  return forms.map(({ values, variadic }, index) => {
    const place = variadic ? `${quoted(`${path.join(' ')} `)}*` : quoted(`${path.join(' ')} ${index + 1}`)
    return row(place, answerFor(values))
  })
}

/** Dots behind it: any number of them may follow. */
function taken({ values, variadic }: ArgumentForm): string {
  return `${answerFor(values)}${variadic ? '...' : ''}`
}

function answerFor(values: Values): string {
  return values.kind === 'words' ? `words ${values.words.join(' ')}` : values.kind
}
