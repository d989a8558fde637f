/** `sotto admin`: accounts and invites, on Auth's own database. Whoever can read its files is the administrator. */
import { Command } from 'commander'
import { withAudit } from './audit.ts'
import { withCohorts } from './cohorts.ts'
import { withCopies } from './copies.ts'
import { withInvites } from './invites.ts'
import { withRotation } from './rotate.ts'
import { withStatus } from './status.ts'
import { withUsers } from './users.ts'

const EXAMPLES = `
  sotto admin invite alice        prints a link by which alice joins, with a password that alice chooses
  docker compose exec auth sotto admin invite alice
                                  the same in the container
  sotto admin import roster.csv   invites a class, and writes slips to print and hand out
  sotto admin add-user alice bob  asks for a password each
  printf '%s\\n' "$PASSWORD" | sotto admin add-user alice
                                  in a script`

export function adminCommand(): Command {
  const admin = new Command('admin').description(
    "invite people and manage accounts, on the machine and as the user that Auth's database belongs to",
  )
  const people = withUsers(withCohorts(withInvites(admin.addHelpText('after', EXAMPLES))))
  return withStatus(withAudit(withRotation(withCopies(people))))
}
