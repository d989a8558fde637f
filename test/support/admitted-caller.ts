/**
 * A signed-in caller of a receiver in a process of its own: the ticket is a true one, and the test has at hand all that
 * the program would keep to itself.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { type StartedConversation, startConversation } from '#lib/channel/initiator.ts'
import type { IssuedTicket } from '#lib/channel/renewal.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { openGrant, REQUEST_NONCE_BYTES } from '#lib/ticket/grant.ts'
import type { Profile } from '../../clients/profile/profile.ts'
import { BareCaller, closeBody, resumeBody } from './bare-caller.ts'

/** Ask the directory for a conversation: messages 3 and 4. */
export async function requestChat(profile: Profile, username: string): Promise<IssuedTicket> {
  const { account, session } = profile.login
  const { directoryAddress: address, authorityPem } = account
  const directory = connect(DirectoryServiceService, { address, security: { authorityPem, role: 'directory.sotto' } })
  try {
    const request = { username, nonce: randomBytes(REQUEST_NONCE_BYTES), hideAddress: false }
    const { ticket, grant } = await directory.call.requestChat(request, { bearer: session.keys.directoryBearer })
    const context = { key: session.keys.grantKey, realm: realmOf(authorityPem), senderName: account.username }
    return { ticket, grant: openGrant({ ...context, grant }) }
  } finally {
    directory.close()
  }
}

/** Start a conversation with a ticket: make its Hello. */
export function start(profile: Profile, { ticket, grant }: IssuedTicket): StartedConversation {
  const { identity, account } = { ...profile.state, ...profile.login }
  const { username: ownName, authorityPem } = account
  return startConversation({ identity, ownName, realm: realmOf(authorityPem), grant, ticket, random: randomBytes })
}

/** Connect to the receiver on a port of this machine. */
export function connectPeer(port: number): Connection<typeof PeerServiceService> {
  return connect(PeerServiceService, { address: `127.0.0.1:${port}`, security: undefined })
}

/** Send the Hello and receive the Welcome. @throws SottoError if none comes. */
export async function handshake(
  connection: Connection<typeof PeerServiceService>,
  { hello, complete }: StartedConversation,
): Promise<BareCaller> {
  const caller = BareCaller.on(connection)
  await caller.send({ message: { $case: 'hello', value: hello } })
  const { message } = await caller.next()
  if (message?.$case !== 'welcome') throw new Error('no Welcome')
  return caller.with(complete(message.value))
}

/** Hold a whole conversation: send a text until it is acknowledged, and close in order. */
export async function converse(
  connection: Connection<typeof PeerServiceService>,
  started: StartedConversation,
  text: string,
): Promise<void> {
  const caller = await handshake(connection, started)
  await caller.sealAndSend(resumeBody([text]))
  await caller.acknowledged()
  await caller.sealAndSend(closeBody(1n))
  await caller.untilEnd()
}
