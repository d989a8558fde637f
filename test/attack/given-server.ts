/**
 * A server that somebody names: its auth, and the directory and the relay that auth names. Nobody is signed in there, nothing is measured
 * but times, and the other user is one who asks auth what everybody may ask.
 *
 * @module
 */
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { RELAY_LIMITS, SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import type { Listener } from './listener.ts'
import { OtherUser } from './other-user.ts'

/** @param address - HOST:PORT of auth. @throws SottoError if nobody answers there under the authority. */
export async function givenServer(
  resources: AsyncDisposableStack,
  address: string,
  authorityPem: string,
): Promise<readonly Listener[]> {
  const auth = connect(AuthServiceService, { address, security: { authorityPem, role: 'auth.sotto' } })
  resources.defer(() => auth.close())
  const { directoryAddress, relayAddresses } = await auth.call.getServerInfo({})
  const user = new OtherUser(() => auth.call.getServerInfo({}))
  const { host } = parseAddress(address)
  const whole = (named: string) => (named.startsWith(':') ? `${host}${named}` : named)
  const listener = (name: string, at: string, path: string): Listener => ({
    name,
    prey: { ...parseAddress(at), path, security: { authorityPem, role: `${name}.sotto` } },
    limits: name === 'relay' ? RELAY_LIMITS : SERVICE_LIMITS,
    isCertified: false,
    user,
    pid: undefined,
    counted: undefined,
  })
  return [
    listener('auth', address, '/sotto.auth.v1.AuthService/Login'),
    listener('directory', whole(directoryAddress), '/sotto.directory.v1.DirectoryService/GetPresence'),
    ...relayAddresses
      .slice(0, 1)
      .map((relay) => listener('relay', whole(relay), '/sotto.relay.v1.MailboxService/TakePrekeys')),
  ]
}
