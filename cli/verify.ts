/** What `sotto verify` does: shows one safety number in three forms, and notes that two people found it equal. */
import { systemClock } from '#lib/runtime/clock.ts'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import { type SafetyNumber, safetyNumberRows } from '#lib/trust/safety-number.ts'
import { profileFlag } from '../clients/profile/login-line.ts'
import { verify } from '../clients/profile/pins.ts'
import type { Profile } from '../clients/profile/profile.ts'
import { safetyNumberWith } from '../clients/profile/safety-number.ts'
import { isYes } from '../clients/terminal/yes-no.ts'
import { notice } from './profile-command.ts'

/**
 * Show the safety number of the profile's owner and a contact. Whether they have compared it is asked on a terminal.
 *
 * @param options.yes - They have: do not ask.
 * @returns whether it is noted as equal.
 */
export async function verifyContact(
  profile: Profile,
  name: string,
  { yes, json }: { readonly yes?: true; readonly json?: true },
): Promise<boolean> {
  const { number, identityKey } = safetyNumberWith(profile, name)
  if (json) process.stdout.write(`${JSON.stringify({ name, ...number })}\n`)
  else process.stdout.write(drawn(number))
  const question = `Does ${name} see the same, on a screen that you trust? [y/N] `
  if (yes || (!json && process.stdin.isTTY && (await isYes(question, process.stdin, process.stderr)))) {
    await verify(profile, name, identityKey, systemClock.now())
    notice(`${name} is verified`)
    return true
  }
  if (!json)
    notice(`${name} is not verified; once you have compared: sotto verify ${name}${profileFlag(profile.name)} --yes`)
  return false
}

function drawn(number: SafetyNumber): string {
  const { digits, words } = safetyNumberRows(number)
  const code = qrCodeRows(number.qrText, { inColour: process.stdout.isTTY === true && !process.env['NO_COLOR'] })
  // The largest first: in a terminal of 24 rows, the rest is what stays in sight.
  return `${[...code, '', ...digits, '', ...words, ''].join('\n')}\n`
}
