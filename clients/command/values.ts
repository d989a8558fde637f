/**
 * The rules for the values of all commands, checked before any command does anything: none is empty, and `~` is the
 * user's home where a path is meant.
 *
 * @module
 */
import type { Command, Option } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { expandHome } from '#lib/runtime/environment.ts'

/** The form in which the help shows an option's value that is a path. */
const PATH = /[<[](?:file|folder|path)[.>\]]/

/**
 * Check what was typed for a command, and for those above it.
 *
 * @throws SottoError `ERR_USAGE` for an empty value: the variable in its place was not set, as a rule, and whatever would be
 *   taken for it is not what was meant. An empty path would be the current folder.
 */
export function checkValues(command: Command): void {
  checkArguments(command)
  for (let each: Command | null = command; each !== null; each = each.parent) {
    for (const option of each.options) checkOption(each, option)
  }
}

function checkArguments({ args, registeredArguments }: Command): void {
  const index = args.indexOf('')
  if (index === -1) return
  const form = registeredArguments[Math.min(index, registeredArguments.length - 1)]
  throw isEmpty(form === undefined ? 'an argument' : `the argument "${form.name()}"`)
}

function checkOption(command: Command, option: Option): void {
  const name = option.attributeName()
  const value: unknown = command.getOptionValue(name)
  const values = Array.isArray(value) ? value : [value]
  if (values.includes('')) throw isEmpty(option.long ?? option.flags)
  if (!PATH.test(option.flags)) return
  const paths = values.map((each) => (typeof each === 'string' ? expandHome(each) : each))
  command.setOptionValueWithSource(name, Array.isArray(value) ? paths : paths[0], command.getOptionValueSource(name))
}

function isEmpty(what: string): SottoError {
  return new SottoError('ERR_USAGE', `${what} is empty`, {
    hint: 'give it a value, or leave it out; a variable in its place may not be set',
  })
}
