/**
 * Where the relays are, for this client.
 *
 * An announcement names a relay as Auth lists it, and whoever calls looks it up in the list that Auth has given them: a
 * directory cannot send anybody elsewhere. A list that lacks the address may be old, and is asked for again.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import type { Target } from '#lib/rpc/client.ts'
import type { Account } from '../../profile/state.ts'
import { connectAuth, getServerInfo, withHost } from '../../session/login.ts'

/** The target of a relay's connections. */
export function relayTarget(account: Account, address: string): Target {
  return {
    address: withHost(address, account),
    security: { authorityPem: account.authorityPem, role: 'relay.sotto' },
    isForConversations: true,
  }
}

/** Ask Auth for the relays' addresses, as it lists them. @throws SottoError `ERR_UNAVAILABLE`; the signal's reason. */
export async function askRelayAddresses(account: Account, signal: AbortSignal): Promise<readonly string[]> {
  const auth = connectAuth(account)
  try {
    return (await getServerInfo(auth, account, signal)).relayAddresses
  } finally {
    auth.close()
  }
}

/**
 * Check that an address is one of the installation's relays.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if it is none, or Auth does not say; the signal's reason.
 */
export async function requireRelay(account: Account, address: string, signal: AbortSignal): Promise<void> {
  if (account.relayAddresses.includes(address)) return
  if ((await askRelayAddresses(account, signal)).includes(address)) return
  throw new SottoError('ERR_UNAVAILABLE', 'the directory names a relay that auth does not know', {
    hint: 'whoever runs the server has to look',
  })
}
