/**
 * An invite as `sotto admin` prints it.
 *
 * @module
 */
import { formatInviteLink } from '#lib/invite-link.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import { jsonLine } from '../../clients/terminal/json-lines.ts'
import type { Config } from '../../services/auth/config.ts'
import { type IssuedInvite, withdraw } from '../../services/auth/invites/administration.ts'
import { notice } from '../profile-command.ts'
import type { PublicServer } from './server.ts'
import { writeToOutput } from './write-to-output.ts'

/** The link of an invite. It is a secret: whoever has it can take the invite up. */
export function linkOf({ name, code }: Pick<IssuedInvite, 'name' | 'code'>, server: PublicServer): string {
  return formatInviteLink({ ...server, name, code })
}

/**
 * Prints the link, for a person with a QR code of it; what is about it goes to standard error. An invite whose link cannot
 * be printed is withdrawn: the link is in no other place, and a name would wait for it in vain.
 *
 * @throws SottoError `ERR_OUTPUT`; `ERR_STORE` if it cannot be withdrawn.
 */
export async function printInvite(config: Config, issued: IssuedInvite, server: PublicServer, isJson: boolean) {
  const { id, name, displayName, expiresAtMs } = issued
  const link = linkOf(issued, server)
  const expiresAt = new Date(expiresAtMs)
  const printed = isJson ? jsonLine({ id, name: name ?? null, displayName, link, expiresAt }) : formOf(link)
  try {
    await writeToOutput(
      printed,
      `the invite ${id} is withdrawn, as its link is nowhere; check the disk that it goes to`,
    )
  } catch (error) {
    await withdraw(config, systemClock, [id])
    throw error
  }
  if (isJson) return
  notice(`invite ${id}, once, until ${expiresAt.toISOString()}; they type: sotto join, and paste the link`, {})
  server.noticeIfUnnamed()
}

function formOf(link: string): string {
  if (process.stdout.isTTY !== true) return `${link}\n`
  const rows = qrCodeRows(link, { inColour: !process.env['NO_COLOR'] })
  return `${link}\n\n${rows.join('\n')}\n\n`
}
