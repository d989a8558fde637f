/**
 * The link of a messenger to the mailboxes, which are at the installation's relays.
 *
 * @module
 */
import { MailboxServiceService } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { MailboxClient } from '../../letters/mailbox.ts'
import { shuffled } from '../../peer/relay/attend.ts'
import type { Profile } from '../../profile/profile.ts'
import { withHost } from '../../session/login.ts'
import type { Trace } from '../../trace/trace.ts'

/**
 * Connect to the mailboxes.
 *
 * @returns undefined where the host runs no relay, the user wants none (`--direct-only`), or the session is of before there
 *   were relays.
 */
export function connectMailbox(profile: Profile, trace?: Trace): MailboxClient | undefined {
  return profile.state.reach === 'direct' ? undefined : connectAnyMailbox(profile, trace)
}

/** Connect to the mailboxes, though the user wants none. @returns undefined where there are none. */
export function connectAnyMailbox({ login }: Profile, trace?: Trace): MailboxClient | undefined {
  const { account, session } = login
  const { relayBearer } = session.keys
  if (account.relayAddresses.length === 0 || relayBearer === undefined) return undefined
  const security = { authorityPem: account.authorityPem, role: 'relay.sotto' } as const
  const connections = shuffled(account.relayAddresses).map((address) =>
    connect(MailboxServiceService, { address: withHost(address, account), security }),
  )
  return new MailboxClient(connections, relayBearer, { trace, ownName: account.username })
}
