/**
 * The grammar of the command line, read from the program itself, so that no shell offers a command or an option that
 * does not exist.
 *
 * The values of an argument follow from its choices, or else from its name in the help: a `<user>` is a contact, a
 * `<file>` or a `<path>` is a file.
 *
 * @module
 */
import type { Argument, Command, Option } from 'commander'

/** The values that fit in a place; `nothing` is for values that nobody can guess. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'contacts' | 'profiles' | 'files' | 'folders' | 'nothing' }

export interface ArgumentForm {
  readonly name: string
  readonly values: Values
  readonly variadic: boolean
}

export interface OptionForm {
  /** The flags as typed: `--json`, or `-h` and `--help`. */
  readonly flags: readonly string[]
  readonly description: string
  /** The value that follows the option, or undefined. */
  readonly value: ArgumentForm | undefined
}

/** A command, and those below it. */
export interface CommandForm {
  /** The words that lead to it, less the program's own name. */
  readonly path: readonly string[]
  readonly name: string
  readonly description: string
  readonly commands: readonly CommandForm[]
  readonly options: readonly OptionForm[]
  readonly arguments: readonly ArgumentForm[]
}

/** The grammar of a program, as `--help` shows it; what that hides is left out. */
export function grammarOf(command: Command, path: readonly string[] = []): CommandForm {
  const help = command.createHelp()
  return {
    path,
    name: command.name(),
    description: command.description(),
    commands: help.visibleCommands(command).map((each) => grammarOf(each, [...path, each.name()])),
    options: help.visibleOptions(command).map(optionForm),
    arguments: command.registeredArguments.map(argumentForm),
  }
}

/** A command and all below it, each before those below. */
export function allCommands(form: CommandForm): CommandForm[] {
  return [form, ...form.commands.flatMap(allCommands)]
}

function optionForm(option: Option): OptionForm {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined)
  const [, name] = /[<[]([^>\].]+)/.exec(option.flags) ?? []
  const value = name === undefined ? undefined : { name, values: valuesOf(option, name), variadic: option.variadic }
  return { flags, description: option.description, value }
}

function argumentForm(argument: Argument): ArgumentForm {
  const name = argument.name()
  return { name, values: valuesOf(argument, name), variadic: argument.variadic }
}

const KINDS: Readonly<Record<string, Exclude<Values['kind'], 'words'>>> = {
  '--profile': 'profiles',
  user: 'contacts',
  file: 'files',
  path: 'files',
  folder: 'folders',
}

function valuesOf(form: Argument | Option, name: string): Values {
  if (form.argChoices !== undefined) return { kind: 'words', words: form.argChoices }
  const option = 'long' in form ? form.long : undefined
  return { kind: KINDS[option ?? ''] ?? KINDS[name] ?? 'nothing' }
}
