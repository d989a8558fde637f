/**
 * An invite as `sotto admin` prints it.
 *
 * @module
 */
import { formatInviteLink } from '#lib/invite-link.ts'
import { qrCodeRows } from '#lib/trust/qr-code.ts'
import type { IssuedInvite } from '../../services/auth/invites/administration.ts'
import { notice, printJson } from '../profile-command.ts'
import type { PublicServer } from './server.ts'

/** The link of an invite. It is a secret: whoever has it can take the invite up. */
export function linkOf({ name, code }: Pick<IssuedInvite, 'name' | 'code'>, server: PublicServer): string {
  return formatInviteLink({ ...server, name, code })
}

/** Prints the link, for a person with a QR code of it; what is about it goes to standard error. */
export function printInvite(issued: IssuedInvite, server: PublicServer, isJson: boolean): void {
  const { id, name, displayName, expiresAtMs } = issued
  const link = linkOf(issued, server)
  const expiresAt = new Date(expiresAtMs)
  if (isJson) {
    printJson({ id, name: name ?? null, displayName, link, expiresAt })
    return
  }
  process.stdout.write(`${link}\n`)
  if (process.stdout.isTTY === true) {
    const rows = qrCodeRows(link, { inColour: !process.env['NO_COLOR'] })
    process.stdout.write(`\n${rows.join('\n')}\n\n`)
  }
  notice(`invite ${id}, once, until ${expiresAt.toISOString()}; they type: sotto join, and paste the link`, {})
  server.noticeIfUnnamed()
}
