/**
 * Settings from environment variables: read in one place, checked all at once, unknown names refused.
 *
 * Importing this costs its time for zod: services and tests only, never a short-lived command. Of zod it is the part that
 * a bundle can have without all the rest, whose methods and languages would be 8 MB of each process.
 *
 * @module
 */

import * as z from 'zod/mini'
import en from 'zod/v4/locales/en.js'
import { SottoError } from '../errors.ts'
import { type Environment, expandHome, invalidSettings, settingProblems } from './environment.ts'
import { LOG_LEVELS } from './log-levels.ts'
import { Ranges } from './network/ranges.ts'

// What is wrong is said in English; that part of zod says nothing by itself. Of what no setting has words of its own for.
const { localeError } = en()
z.config({
  localeError: (issue) =>
    issue.code === 'invalid_value' ? `must be one of: ${issue.values.join(', ')}` : localeError(issue),
})

/** A setting with a value where it is not set. */
export const byDefault = z._default

/** The settings of a program: for each variable's name, how its text is checked and converted. */
export type Settings = Readonly<Record<`SOTTO_${string}`, z.ZodMiniType>>

/** A whole number within limits, in decimal digits. (A coercion would take a blank for 0, and 0x10 for 16.) */
export function wholeNumberSetting(min: number, max: number) {
  const words = wholeNumberFrom(min, max)
  const digits = z.string().check(z.regex(/^\d{1,15}$/, words))
  return z.pipe(z.pipe(digits, z.transform(Number)), z.number().check(z.gte(min, words), z.lte(max, words)))
}

/** The same, as a number may be written: also in hexadecimal digits, or with an exponent. */
export function coercedSetting(min: number, max: number) {
  const words = wholeNumberFrom(min, max)
  return z.pipe(z.coerce.number(words), z.int(words).check(z.gte(min, words), z.lte(max, words)))
}

function wholeNumberFrom(min: number, max: number): string {
  return `must be a whole number from ${min} to ${max}`
}

/** A number above 0, which may have a fraction. */
export function positiveSetting(max: number) {
  const words = `must be a number above 0, at most ${max}`
  return z.coerce.number(words).check(z.positive(words), z.lte(max, words))
}

/** A file or a folder, in which `~` is the user's home. */
export const pathSetting = z.pipe(z.string(), z.transform(expandHome))
/** A TCP port; 0 for any free one. */
export const portSetting = wholeNumberSetting(0, 65_535)
/** Where a server listens: an IP literal, `::` for all addresses. */
export const hostSetting = z.union([z.ipv4(), z.ipv6()], 'must be an IP address; :: stands for all')
/** How many connections a service takes: eight, of which one is left for calls, are the least that is of use. */
export const connectionsSetting = coercedSetting(8, 1_000_000)
/** How many times something counts: a whole number from 1 on. */
export const factorSetting = wholeNumberSetting(1, 1_000_000)
/** Where another program is reached. */
export const addressSetting = z
  .string()
  .check(z.regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):[1-9][0-9]{0,4}$/, 'expected HOST:PORT or [IPV6]:PORT'))
/** Whether the host runs a relay. */
export const relaySetting = byDefault(z.enum(['on', 'off']), 'on')
/** How much is logged. */
export const logLevelSetting = z.enum(LOG_LEVELS)
/** A list of names or addresses, separated by commas. */
export const listSetting = z.pipe(
  z.string(),
  z.transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
)
/** Addresses and networks, separated by commas. */
export const rangesSetting = z.pipe(
  listSetting,
  z.transform((texts, { issues }) => {
    try {
      return new Ranges(texts)
    } catch (error) {
      const message = error instanceof SottoError ? `${error.message}: ${error.hint}` : ''
      issues.push({ code: 'custom', message, input: texts })
      return z.NEVER
    }
  }),
)
/** The addresses and networks of those who are believed whose a connection is: this machine, unless set. */
export const proxiesSetting = z.prefault(rangesSetting, '127.0.0.0/8, ::1')

/** The variables of the test suite; a service that it starts inherits them. */
const OF_TESTS = ['SOTTO_VECTORS', 'SOTTO_TEST_']

/**
 * Read settings from environment variables. One that is set to nothing is refused, unless it is a list.
 *
 * @param settings - Every variable that this program reads.
 * @param env - The environment; what does not begin with `SOTTO_` is not looked at.
 * @param others - Variables of other programs that may be set beside: exact names, or prefixes that end in `_`.
 * @returns the values under the variables' names.
 * @throws SottoError `ERR_CONFIG` that names everything that is wrong, a line each.
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Environment,
  others: readonly string[] = [],
): { [Name in keyof S]: z.output<S[Name]> } {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name.startsWith('SOTTO_') && value !== undefined),
  )
  const isForOthers = (name: string) =>
    [...others, ...OF_TESTS].some((other) => name === other || (other.endsWith('_') && name.startsWith(other)))
  const unknown = Object.keys(given).filter((name) => !(name in settings) && !isForOthers(name))
  const unusable = settingProblems(env)
  const parsed = z.object(settings).safeParse(given)
  const issues = (parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  const problems = [...unknown.map((name) => `${name}: no such setting`), ...unusable, ...issues]
  if (!parsed.success || problems.length > 0) throw invalidSettings(problems)
  return parsed.data as { [Name in keyof S]: z.output<S[Name]> }
}
