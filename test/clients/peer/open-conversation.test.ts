import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import { acceptHello } from '#lib/channel/responder.ts'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { sealTicket, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'
import { DurableStreams } from '../../../clients/messenger/durable-streams.ts'
import type { Conversation } from '../../../clients/peer/conversation.ts'
import { type Calling, openConversation } from '../../../clients/peer/open-conversation.ts'
import { pin } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import type { RequestedChat } from '../../../clients/session/directory-client.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import type { Store } from '../../../clients/store/store.ts'
import { freePort } from '../../support/free-port.ts'
import { type Converse, type PeerServer, peerServer } from '../../support/peer-server.ts'
import { permitReceiving } from '../../support/permits.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { memoryStore } from '../../support/stores.ts'
import { flip } from '../../support/tamper.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { testAuthority } from '../../support/test-authority.ts'

const BOB = keyPairOf('identity of bob')
const TICKET_KEY = secretOf('ticket key of bob')
const INSTANCE_ID = bytesOf('instance id', 16)
const FIELDS = ['kemCiphertext', 'noiseMessage'] as const

/** Message 5 as its opener sees it, against hosts that a test makes up. */
describe('openConversation', () => {
  let home: TemporaryFolder
  let alice: Profile
  let store: Store
  let hosts: PeerServer[]
  /** The Hellos that arrived, at whichever host, in order. */
  let tickets: string[]

  beforeEach(async () => {
    hosts = []
    tickets = []
    home = await temporaryFolder()
    store = memoryStore()
    await using authority = await testAuthority()
    const account = {
      username: 'alice',
      authAddress: '127.0.0.1:1',
      directoryAddress: '127.0.0.1:1',
      relayAddresses: [],
      authorityPem: authority.authorityPem,
      clockOffsetMs: 0,
      session: {
        sessionId: randomBytes(16),
        keys: deriveSessionKeys(secretOf('alice')),
        expiresAtMs: Date.now() + 1e9,
      },
    }
    alice = await Profile.openOrCreate(home.path, 'alice')
    await alice.update((state) => ({ ...state, account }))
  })
  afterEach(async () => {
    for (const host of hosts) await host[Symbol.asyncDispose]()
    store.close()
    await home[Symbol.asyncDispose]()
  })

  /** What the directory and Auth would give, with a ticket of its own each time. */
  function issue(endpoints: readonly Endpoint[]): RequestedChat {
    const realm = realmOf(alice.login.account.authorityPem)
    const secret = secretOf('chat secret')
    const issuedAtMs = Date.now()
    const common = { maxSessionDurationMs: 1e6, secret, expiresAtMs: issuedAtMs + TICKET_LIFETIME_MS }
    const body = {
      ...common,
      ticketId: randomBytes(16),
      issuedAtMs,
      senderName: 'alice',
      senderIdentityKey: alice.state.identity.publicKey,
      senderAddress: '',
      receiverIdentityKey: BOB.publicKey,
    }
    const ticket = sealTicket({
      key: TICKET_KEY,
      realm,
      receiverName: 'bob',
      instanceId: INSTANCE_ID,
      nonce: randomBytes(12),
      body,
    })
    const grant = {
      ...common,
      nonce: randomBytes(16),
      ticketHash: ticketHash(ticket),
      receiverName: 'bob',
      receiverSessionId: randomBytes(16),
      receiverIdentityKey: BOB.publicKey,
      receiverInstanceId: INSTANCE_ID,
    }
    return { endpoints, relay: undefined, ticket, grant }
  }

  /** A host that answers as this says, and where it listens. */
  async function host(converse: Converse): Promise<Endpoint> {
    const server = await peerServer(converse)
    hosts.push(server)
    return { address: '127.0.0.1', port: server.server.port }
  }

  /** Bob, whose Welcome is changed on its way. */
  const bobWith = (tamper: (welcome: Welcome) => Welcome): Promise<Endpoint> =>
    host(async (stream) => {
      for await (const { message } of stream.messages) {
        if (message?.$case !== 'hello') return
        tickets.push(Buffer.from(message.value.clear).toString('hex'))
        const { welcome } = acceptHello({
          hello: message.value,
          identity: BOB,
          ownName: 'bob',
          realm: realmOf(alice.login.account.authorityPem),
          ticketKey: TICKET_KEY,
          instanceId: INSTANCE_ID,
          replayCache: new ReplayCache(),
          nowMs: Date.now(),
          monotonicMs: 0,
          random: randomBytes,
        })
        await stream.send({ message: { $case: 'welcome', value: tamper(welcome) } })
      }
    })

  const somebodyElse = (): Promise<Endpoint> =>
    host(async (stream) => {
      const { value } = await stream.messages[Symbol.asyncIterator]().next()
      if (value?.message?.$case === 'hello') tickets.push(Buffer.from(value.message.value.clear).toString('hex'))
      throw new SottoError('ERR_TICKET_FORGED', 'not for me')
    })

  function open(
    endpoints: readonly Endpoint[],
    signal = new AbortController().signal,
    onPinned = () => {},
  ): Promise<Conversation> {
    const calling: Calling = {
      profile: alice,
      directory: { requestChat: async () => issue(endpoints) },
      clock: new ServerClock(systemClock, 0),
      deliver: () => {},
      onPinned,
      trace: undefined,
    }
    const streamsWith = (identityKey: Uint8Array) =>
      new DurableStreams({
        messageLog: store.messageLog('bob', identityKey),
        onProgress() {},
        sendsReceipts: () => false,
        permit: (key) => permitReceiving('bob', key),
      })
    return openConversation(calling, 'bob', streamsWith, signal)
  }

  it('pins the host’s key once the handshake is complete', async () => {
    const conversation = await open([await bobWith((welcome) => welcome)])
    expect(Buffer.from(alice.state.pins.get('bob')?.identityKey ?? [])).to.deep.equal(Buffer.from(BOB.publicKey))
    conversation.replace()
  })

  it('refuses a Welcome with any field changed at its ends or cut off, and pins nothing', async () => {
    for (const field of FIELDS) {
      const tampers = [0, -1].map((at) => (bytes: Uint8Array) => flip(bytes, (at < 0 ? bytes.length - 1 : 0) * 8))
      const cuts = [0, 1, 31, 32, 33, 47, -1].map((end) => (bytes: Uint8Array) => bytes.subarray(0, end))
      const longer = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.of(0)])
      for (const tamper of [...tampers, ...cuts, longer]) {
        const endpoint = await bobWith((welcome) => ({ ...welcome, [field]: Buffer.from(tamper(welcome[field])) }))
        const { code } = await rejection(open([endpoint]))
        expect(code, field).to.be.oneOf(['ERR_DECRYPT', 'ERR_HELLO_MALFORMED'])
        expect(alice.state.pins.size).to.equal(0)
      }
    }
  })

  it('refuses a Welcome that answers another Hello', async () => {
    let first: Welcome | undefined
    const endpoint = await bobWith((welcome) => (first ??= welcome))
    const conversation = await open([endpoint])
    conversation.replace()
    expect((await rejection(open([endpoint]))).code).to.equal('ERR_DECRYPT')
  })

  it('says Hello three times at most, each with a ticket of its own', async () => {
    const endpoint = await somebodyElse()
    expect((await rejection(open([endpoint]))).code).to.equal('ERR_HELLO_REFUSED')
    expect(tickets).to.have.length(3)
    expect(new Set(tickets).size).to.equal(3)
  })

  it('goes on to the next endpoint when one answers that is somebody else', async () => {
    const endpoints = [await somebodyElse(), await bobWith((welcome) => welcome)]
    const conversation = await open(endpoints)
    expect(tickets).to.have.length(2)
    conversation.replace()
  })

  it('passes over endpoints where nobody listens, and over what is no address', async () => {
    const bob = await bobWith((welcome) => welcome)
    const dead = { address: '127.0.0.1', port: await freePort() }
    const conversation = await open([{ address: 'bob.example', port: 1 }, { address: '127.0.0.1', port: 0 }, dead, bob])
    conversation.replace()
  })

  it('reaches nobody where nobody listens', async () => {
    const dead = { address: '127.0.0.1', port: await freePort() }
    for (const endpoints of [[], [dead], [{ address: 'bob.example', port: 7 }]]) {
      expect((await rejection(open(endpoints))).code).to.equal('ERR_PEER_UNREACHABLE')
    }
  })

  it('sends nothing to a host whose key is not the pinned one', async () => {
    await pin(alice, 'bob', bytesOf('the key of long ago', 32), new Date())
    expect((await rejection(open([await bobWith((welcome) => welcome)]))).code).to.equal('ERR_KEY_CHANGED')
    expect(tickets).to.deep.equal([])
    expect(Buffer.from(alice.state.pins.get('bob')?.changedTo ?? [])).to.deep.equal(Buffer.from(BOB.publicKey))
  })

  it('can be given up while it waits for a Welcome', async () => {
    const abort = new AbortController()
    const greeted = Promise.withResolvers<void>()
    const silent = await host(async (stream, { signal }) => {
      for await (const _ of stream.messages) greeted.resolve()
      signal.throwIfAborted()
    })
    const opened = open([silent], abort.signal)
    await greeted.promise
    abort.abort(interrupted())
    expect((await rejection(opened)).code).to.equal('ERR_INTERRUPTED')
  })

  it('can be given up until the very end: nothing is begun of which nobody knows', async () => {
    const abort = new AbortController()
    const opened = open([await bobWith((welcome) => welcome)], abort.signal, () => abort.abort(interrupted()))
    expect((await rejection(opened)).code).to.equal('ERR_INTERRUPTED')
  })
})

function interrupted(): SottoError {
  return new SottoError('ERR_INTERRUPTED', 'interrupted')
}
