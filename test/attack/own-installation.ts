/**
 * An installation to be attacked: auth, the directory, the relay, the door, and somebody who receives, each a process of its
 * own; and another user, whose delays are measured.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { DirectoryServiceService } from '#gen/sotto/directory/v1/directory_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { INTERNAL_LIMITS, PEER_LIMITS, RELAY_LIMITS, SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { parseAddress } from '#lib/runtime/address.ts'
import { HELLO_TIMEOUT_MS } from '../../services/door/visitors.ts'
import { connectPeer, handshake, requestChat, start } from '../support/admitted-caller.ts'
import { resumeBody, textsBody } from '../support/bare-caller.ts'
import { Deployment } from '../support/deployment.ts'
import { freePorts } from '../support/free-port.ts'
import { CONVERSE } from '../support/peer-server.ts'
import { joinedCall } from './joined-call.ts'
import type { Listener } from './listener.ts'
import { OtherUser } from './other-user.ts'

const [USER, RECEIVER, RELAYED] = ['alice', 'bob', 'carol']

/** From where the attacks come. */
const NETWORK = '127.0.0.2'

/** The other user calls all the time (other-user.ts), which is more than one account may by default. */
const RATES = { SOTTO_AUTH_RATE_PER_ACCOUNT: '10', SOTTO_DIRECTORY_RATE_PER_ACCOUNT: '10' }

/** Start one; it ends with the resources. */
export async function startInstallation(resources: AsyncDisposableStack): Promise<readonly Listener[]> {
  const [authMetrics = 0, directoryMetrics = 0, relayMetrics = 0, doorMetrics = 0, behindDoor = 0, door = 0] =
    await freePorts(6)
  const services = resources.use(
    await Deployment.start({
      ...RATES,
      SOTTO_AUTH_METRICS_PORT: String(authMetrics),
      SOTTO_AUTH_PROXY_PORT: String(behindDoor),
      SOTTO_DIRECTORY_METRICS_PORT: String(directoryMetrics),
      SOTTO_RELAY: 'on',
      SOTTO_RELAY_METRICS_PORT: String(relayMetrics),
    }),
  )
  await services.startService('door', {
    SOTTO_DOOR_HOST: '127.0.0.1',
    SOTTO_DOOR_PORT: String(door),
    SOTTO_DOOR_TO_AUTH: `127.0.0.1:${behindDoor}`,
    SOTTO_DOOR_METRICS_PORT: String(doorMetrics),
  })
  await services.signUp(USER, RECEIVER, RELAYED)
  const receiver = await services.receive(RECEIVER, ['--log-level', 'info'])
  const authorityPem = await readFile(services.caFile, 'utf8')
  const profile = await services.profile(USER)
  const { keys } = profile.login.session

  const auth = connect(AuthServiceService, {
    address: services.authAddress,
    security: { authorityPem, role: 'auth.sotto' },
  })
  const directory = connect(DirectoryServiceService, {
    address: services.directoryAddress,
    security: { authorityPem, role: 'directory.sotto' },
  })
  const peer = connectPeer(receiver.port)
  const throughDoor = connect(AuthServiceService, {
    address: `127.0.0.1:${door}`,
    security: { authorityPem, role: 'auth.sotto' },
  })
  for (const connection of [auth, directory, peer, throughDoor]) resources.defer(() => connection.close())

  const caller = await handshake(peer, start(profile, await requestChat(profile, RECEIVER)))
  await caller.sealAndSend(resumeBody(['hello']))
  await caller.acknowledged()
  let sequence = 1n
  const say = async () => {
    sequence += 1n
    await caller.sealAndSend(textsBody(sequence, ['hello']))
    await caller.acknowledged(sequence)
  }

  const throughRelay = await joinedCall(resources, {
    address: services.relayAddress,
    authorityPem,
    caller: keys,
    receiver: (await services.profile(RELAYED)).login.session.keys,
  })

  const at = (address: string, path: string, role: string) => ({
    ...parseAddress(address),
    path,
    security: { authorityPem, role },
  })
  const ofAuth = { pid: services.service('auth').pid, counted: () => countedAt(authMetrics) }
  return [
    {
      name: 'auth',
      prey: at(services.authAddress, '/sotto.auth.v1.AuthService/Login', 'auth.sotto'),
      limits: SERVICE_LIMITS,
      isCertified: false,
      user: new OtherUser(() => auth.call.listSessions({}, { bearer: keys.authBearer })),
      ...ofAuth,
    },
    {
      name: 'directory',
      prey: at(services.directoryAddress, '/sotto.directory.v1.DirectoryService/GetPresence', 'directory.sotto'),
      limits: SERVICE_LIMITS,
      isCertified: false,
      user: new OtherUser(() => directory.call.getPresence({ username: RECEIVER }, { bearer: keys.directoryBearer })),
      pid: services.service('directory').pid,
      counted: () => countedAt(directoryMetrics),
    },
    {
      name: 'receiver',
      prey: { host: '127.0.0.1', port: receiver.port, path: CONVERSE, security: undefined },
      limits: PEER_LIMITS,
      isCertified: false,
      user: new OtherUser(say),
      pid: receiver.process.pid,
      counted: async () => countedIn(receiver.process.errors.text),
    },
    {
      name: 'relay',
      prey: at(services.relayAddress, '/sotto.relay.v1.MailboxService/TakePrekeys', 'relay.sotto'),
      limits: RELAY_LIMITS,
      isCertified: false,
      user: new OtherUser(throughRelay),
      pid: services.service('relay').pid,
      counted: () => countedAt(relayMetrics),
    },
    {
      name: 'door',
      prey: at(`127.0.0.1:${door}`, '/', 'auth.sotto'),
      // What it has of its own, for TLS.
      limits: { ...SERVICE_LIMITS, firstCallTimeoutMs: HELLO_TIMEOUT_MS },
      isCertified: false,
      isDoor: true,
      user: new OtherUser(() => throughDoor.call.listSessions({}, { bearer: keys.authBearer })),
      pid: services.service('door').pid,
      counted: () => countedAt(doorMetrics),
    },
    {
      name: 'sealing',
      prey: at(`127.0.0.1:${services.env['SOTTO_SEALING_PORT']}`, '/', 'sealing.sotto'),
      limits: INTERNAL_LIMITS,
      isCertified: true,
      user: new OtherUser(() => requestChat(profile, RECEIVER)),
      ...ofAuth,
    },
  ]
}

/** The cuts that a service counts (docs/operations.md). */
async function countedAt(port: number): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text.matchAll(/^sotto_cut_total\{reason="(\w+)",network="([^"]+)"\} (\d+)$/gm)
  return new Map(
    [...lines].filter(([, , from]) => from === NETWORK).map(([, reason = '', , times]) => [reason, Number(times)]),
  )
}

/** The cuts that a log has. */
function countedIn(log: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of log.split('\n')) {
    if (!line.includes('"msg":"connection cut"') || !line.includes(NETWORK)) continue
    const [, reason = ''] = /"reason":"(\w+)"/.exec(line) ?? []
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return counts
}
