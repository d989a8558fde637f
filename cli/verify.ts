/** `sotto verify`: shows a safety number in three forms, and records the result of the comparison. */
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import { type SafetyNumber, safetyNumberRows } from '#lib/trust/safety-number.ts'
import { forProfile, profileFlag } from '../clients/profile/login-line.ts'
import { noteMismatch, type PinState, pinIn, stateOf, verify } from '../clients/profile/pins.ts'
import type { Profile } from '../clients/profile/profile.ts'
import {
  type ComparableKey,
  comparableKeys,
  headingOf,
  type KeyName,
  keyStateNotice,
} from '../clients/profile/safety-number.ts'
import { askChoice } from '../clients/terminal/yes-no.ts'
import { notice } from './profile-command.ts'

export interface VerifyOptions {
  /** The users have compared the numbers, and they agree: do not ask. */
  readonly yes?: true
  /** The users have compared the numbers, and they do not agree. */
  readonly no?: true
  /** The one of two keys that agrees. */
  readonly key?: KeyName
  readonly json?: true
}

type Keys = readonly [ComparableKey, ComparableKey?]

/**
 * Show the safety number of the profile's owner and a contact; two of them while there is a doubt about the contact's
 * key. On a terminal it asks for the result of the comparison. Last it shows the state of the key, from the pin as it
 * is then.
 *
 * @returns that state.
 * @throws SottoError `ERR_USAGE` if it is not clear which of two keys agrees; as {@link comparableKeys}.
 */
export async function verifyContact(profile: Profile, name: string, options: VerifyOptions): Promise<PinState> {
  const keys = comparableKeys(profile, name)
  const given = givenAnswer(name, keys, options)
  if (!options.json) process.stdout.write(drawnKeys(name, keys))
  const answer = given ?? (options.json || !process.stdin.isTTY ? undefined : await ask(name, keys))
  const agreed = keys.find((each) => each?.key === answer)
  if (agreed !== undefined) await verify(profile, name, agreed.identityKey, systemClock.now())
  else if (answer === 'no') await noteMismatch(profile, name, systemClock.now())
  const pin = pinIn(await profile.refresh(), name)
  const state = stateOf(pin)
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ name, state, ...fieldsOf(keys) })}\n`)
    return state
  }
  notice(forProfile(keyStateNotice(name, pin), profile.name), options)
  if (answer === undefined && state !== 'verified') {
    const which = keys.length === 1 ? '' : ' --key pinned, or --key seen'
    notice(`once you have compared: sotto verify ${name}${profileFlag(profile.name)} --yes${which}; or --no`, options)
  }
  return state
}

/** The result of the comparison as the command line states it. */
function givenAnswer(name: string, keys: Keys, { yes, no, key }: VerifyOptions): KeyName | 'no' | undefined {
  if (yes && no) throw misuse('--yes and --no are two answers', 'leave one of them out')
  if (no || !yes) {
    if (key !== undefined) throw misuse('--key says which key agrees', 'add --yes, or leave it out')
    return no ? 'no' : undefined
  }
  if (key === 'seen' && keys.length === 1) throw misuse(`no other key of ${name} was seen`, 'leave --key out')
  if (key !== undefined || keys.length === 1) return key ?? 'pinned'
  throw misuse(`two keys are said to be ${name}’s`, `say whose number agrees: --yes --key pinned, or --yes --key seen`)
}

function misuse(message: string, hint: string): SottoError {
  return new SottoError('ERR_USAGE', message, { hint })
}

async function ask(name: string, keys: Keys): Promise<KeyName | 'no' | undefined> {
  const { stdin, stderr } = process
  if (keys.length === 2) {
    const question = `Which number does ${name} see, on a screen that you trust? [pinned/seen/none; Enter: not compared] `
    return await askChoice(question, { pinned: /^p(inned)?$/i, seen: /^s(een)?$/i, no: /^no?(ne)?$/i }, stdin, stderr)
  }
  const question = `Does ${name} see the same, on a screen that you trust? [y/n; Enter: not compared] `
  return await askChoice(question, { pinned: /^y(es)?$/i, no: /^no?$/i }, stdin, stderr)
}

/** The number of the pinned key, and of the other one where there is one. */
function fieldsOf([pinned, seen]: Keys): object {
  if (seen === undefined) return pinned.number
  return { ...pinned.number, seen: { ...seen.number, since: seen.since } }
}

function drawnKeys(name: string, keys: Keys): string {
  if (keys.length === 1) return drawn(keys[0].number)
  return keys.map((each) => each && `${headingOf(each, name)}\n\n${drawn(each.number)}`).join('\n')
}

function drawn(number: SafetyNumber): string {
  const { digits, words } = safetyNumberRows(number)
  const code = qrCodeRows(number.qrText, { inColour: process.stdout.isTTY === true && !process.env['NO_COLOR'] })
  // The largest first: in a terminal of 24 rows, the rest is what stays in sight.
  return `${[...code, '', ...digits, '', ...words, ''].join('\n')}\n`
}
