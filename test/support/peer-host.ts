/**
 * The host of conversations under test: Bob's server on a real socket, with a profile whose keys the test knows.
 * Callers seal their tickets themselves, as Auth would, so that a test can change anything in them.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import { type StartedConversation, startConversation } from '#lib/channel/initiator.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import type { RpcServer } from '#lib/rpc/server.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { sealTicket, TICKET_LIFETIME_MS, type Ticket, ticketHash } from '#lib/ticket/ticket.ts'
import { StreamsByKey } from '../../clients/messenger/streams-by-key.ts'
import { PeerHost, servePeers } from '../../clients/peer/serve.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { DirectoryClient } from '../../clients/session/directory-client.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import { BareCaller } from './bare-caller.ts'
import { textBody } from './event-text.ts'
import { permitReceiving } from './permits.ts'
import { keyPairOf, secretOf } from './random.ts'
import { memoryStore } from './stores.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'
import { testAuthority } from './test-authority.ts'
import { type TestLog, testLog } from './test-log.ts'

const KEYS = deriveSessionKeys(secretOf('session of bob'))

export interface HostUnderTestOptions {
  readonly channelTimes?: Partial<ChannelTimes>
  readonly maxConversations?: number
}

export class HostUnderTest implements AsyncDisposable {
  readonly profile: Profile
  readonly instanceId: Uint8Array = randomBytes(16)
  /** The texts that were shown, in order, as `name: text`. */
  readonly shown: string[] = []
  readonly pinned: string[] = []
  /** The codes of the refusals, in order. */
  readonly refused: string[] = []
  readonly logged: TestLog = testLog()
  readonly #home: TemporaryFolder
  readonly #store = memoryStore()
  #server: RpcServer | undefined
  /** A client of services that cannot be reached. */
  #directory: DirectoryClient | undefined
  #connections: Connection<typeof PeerServiceService>[] = []

  static async start(options: HostUnderTestOptions = {}): Promise<HostUnderTest> {
    const home = await temporaryFolder()
    await using authority = await testAuthority()
    const { authorityPem } = authority
    const profile = await Profile.openOrCreate(home.path, 'bob')
    await profile.update((state) => ({
      ...state,
      account: {
        username: 'bob',
        authAddress: '127.0.0.1:1',
        directoryAddress: '127.0.0.1:1',
        relayAddresses: [],
        authorityPem,
        clockOffsetMs: 0,
        session: { sessionId: randomBytes(16), keys: KEYS, expiresAtMs: Date.now() + 1e9 },
      },
    }))
    const host = new HostUnderTest(home, profile)
    await host.#serve(options)
    return host
  }

  private constructor(home: TemporaryFolder, profile: Profile) {
    this.#home = home
    this.profile = profile
  }

  async #serve(options: HostUnderTestOptions): Promise<void> {
    const clock = new ServerClock(systemClock, 0)
    const directory = new DirectoryClient({ ...this.profile.login, clock, trace: undefined })
    this.#directory = directory
    const { log } = this.logged
    this.#server = await servePeers(
      { log },
      new PeerHost({
        profile: this.profile,
        instanceId: this.instanceId,
        clock,
        directory,
        streamsByKey: new StreamsByKey({
          store: this.#store,
          onProgress() {},
          sendsReceipts: () => false,
          permit: permitReceiving,
        }),
        deliver: (name, events) => {
          this.shown.push(...events.map((event) => `${name}: ${textBody(event)}`))
        },
        onPinned: (name) => void this.pinned.push(name),
        onKeyChanged: () => {},
        onRefused: ({ code }) => void this.refused.push(code),
        onConversation: () => {},
        log,
        trace: undefined,
        ...options,
      }),
      '127.0.0.1',
      0,
    )
  }

  get port(): number {
    return this.#server?.port ?? 0
  }

  /** Open a new connection to the host. */
  connect(): Connection<typeof PeerServiceService> {
    const connection = connect(PeerServiceService, { address: `127.0.0.1:${this.port}`, security: undefined })
    this.#connections.push(connection)
    return connection
  }

  /** The body of a ticket for a call from Alice to this host. */
  ticketBody(changes: Partial<Ticket> = {}): Ticket {
    const issuedAtMs = changes.issuedAtMs ?? Date.now()
    return {
      ticketId: randomBytes(16),
      issuedAtMs,
      expiresAtMs: issuedAtMs + TICKET_LIFETIME_MS,
      maxSessionDurationMs: 12 * 60 * 60 * 1_000,
      senderName: 'alice',
      senderIdentityKey: keyPairOf('identity of alice').publicKey,
      senderAddress: '192.0.2.7',
      receiverIdentityKey: this.profile.state.identity.publicKey,
      secret: secretOf('chat secret'),
      ...changes,
    }
  }

  /** Start a conversation as Alice would, with changes to her ticket, her name or her keys. */
  start(changes: CallChanges = {}): StartedConversation {
    const { instanceId = this.instanceId, key = KEYS.ticketKey } = changes
    const body = this.ticketBody(changes.ticket)
    const realm = realmOf(this.profile.login.account.authorityPem)
    const sealed = sealTicket({ key, realm, receiverName: 'bob', instanceId, nonce: randomBytes(12), body })
    const ticket = changes.carry?.(sealed) ?? sealed
    return startConversation({
      identity: changes.identity ?? keyPairOf('identity of alice'),
      ownName: changes.ownName ?? 'alice',
      realm,
      ticket,
      grant: {
        nonce: randomBytes(16),
        ticketHash: ticketHash(ticket),
        receiverName: 'bob',
        receiverSessionId: randomBytes(16),
        receiverIdentityKey: this.profile.state.identity.publicKey,
        receiverInstanceId: instanceId,
        expiresAtMs: body.expiresAtMs,
        maxSessionDurationMs: body.maxSessionDurationMs,
        secret: body.secret,
      },
      random: randomBytes,
    })
  }

  /** Complete a handshake on a connection, a new one unless it is given. */
  async handshake(started: StartedConversation = this.start(), connection = this.connect()): Promise<BareCaller> {
    const caller = BareCaller.on(connection)
    await caller.send({ message: { $case: 'hello', value: started.hello } })
    const { message } = await caller.next()
    if (message?.$case !== 'welcome') throw new Error('no Welcome')
    return caller.with(started.complete(message.value))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await this.#server?.stop(0)
    this.#directory?.close()
    this.#store.close()
    await this.#home[Symbol.asyncDispose]()
  }
}

export interface CallChanges {
  readonly ticket?: Partial<Ticket>
  readonly instanceId?: Uint8Array
  readonly key?: typeof KEYS.ticketKey
  readonly identity?: KeyPair
  readonly ownName?: string
  /** Changes the sealed ticket on its way. */
  readonly carry?: (ticket: Uint8Array) => Uint8Array
}
