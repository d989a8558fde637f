/**
 * The services' answers for a channel that is to be renewed (docs/protocol.md, section 7.5).
 *
 * @module
 */
import type { ServicesAnswer } from '#lib/channel/renewal-role.ts'
import { type ErrorCode, isSottoError, type SottoError } from '#lib/errors.ts'
import { refuseConversation } from '../profile/permission.ts'
import { refuseChangedKey } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import { isPassing } from '../session/service-outage.ts'

/** Asks the services what a channel's role needs to know. It rejects with faults of this program alone. */
export type AskServices = (signal: AbortSignal) => Promise<ServicesAnswer>

interface RenewalParts {
  readonly profile: Profile
  readonly directory: Pick<DirectoryClient, 'requestChat'>
  readonly clock: ServerClock
}

/** Ask for a new ticket to the same person, as the opener. */
export function askForTicket(peerName: string, { profile, directory, clock }: RenewalParts): AskServices {
  return (signal) =>
    answerOf(async () => {
      await refuseConversation(profile, peerName)
      const { ticket, grant } = await directory.requestChat(peerName, signal)
      await refuseChangedKey(profile, peerName, grant.receiverIdentityKey, clock.local.now())
      return { $case: 'issued', issued: { ticket, grant } }
    })
}

/** Ask whether the services answer this side, as the host. The directory's answer takes one of Auth's. */
export function tryServices(peerName: string, directory: Pick<DirectoryClient, 'getPresence'>): AskServices {
  return (signal) =>
    answerOf(async () => {
      await directory.getPresence(peerName, signal)
      return { $case: 'reachable' }
    })
}

async function answerOf(ask: () => Promise<ServicesAnswer>): Promise<ServicesAnswer> {
  try {
    return await ask()
  } catch (error) {
    if (!isSottoError(error)) throw error
    return { $case: meaningOf(error) }
  }
}

/** The errors which show that somebody in between answers, and not the services. */
const UNTRUSTED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_SERVER_UNTRUSTED',
  'ERR_CERTIFICATE_TIME',
  'ERR_CA_MISMATCH',
])

function meaningOf(error: SottoError): 'absent' | 'unreachable' | 'refused' {
  if (error.code === 'ERR_NOT_ONLINE') return 'absent'
  return isPassing(error) || UNTRUSTED.has(error.code) ? 'unreachable' : 'refused'
}
