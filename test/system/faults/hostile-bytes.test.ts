/**
 * Hostile bytes against the programs themselves. In memory every bit is tried (test/lib/channel/hostile.test.ts), here
 * the ends of every field; what counts is that the processes live, show nothing, and go on.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { expect } from 'chai'
import type { Hello } from '#gen/sotto/peer/v1/handshake.ts'
import type { PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import type { StartedConversation } from '#lib/channel/initiator.ts'
import type { IssuedTicket } from '#lib/channel/renewal.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import type { Connection } from '#lib/rpc/client.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { sealTicket, TICKET_LIFETIME_MS, type Ticket, ticketHash } from '#lib/ticket/ticket.ts'
import type { Profile } from '../../../clients/profile/profile.ts'
import { connectPeer, converse, handshake, requestChat, start } from '../../support/admitted-caller.ts'
import { BareCaller, closeBody, resumeBody, textsBody } from '../../support/bare-caller.ts'
import { Deployment, type Receiver } from '../../support/deployment.ts'
import { CONVERSE } from '../../support/peer-server.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { framed, rawCall } from '../../support/raw-call.ts'
import { rejection } from '../../support/rejection.ts'
import {
  flipAnyBit,
  HELLO_CUTS,
  HELLO_TAMPERINGS,
  RECORD_TAMPERINGS,
  threeBodies,
} from '../../support/tampered-conversation.ts'

const FLIPS = 200

describe('sotto receive, attacked', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let profiles: Record<'alice' | 'bob', Profile>
  let bob: Receiver
  let connection: Connection<typeof PeerServiceService>
  /** The grant of a true request. What is forged here has its names and keys. */
  let issued: IssuedTicket
  /** All that the receiver should have shown so far. */
  let shown = ''
  /** Connections that have sent nothing, or nothing more, since the beginning. */
  let silent: { readonly sockets: Socket[]; readonly afterHandshake: BareCaller }

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    profiles = { alice: await deployment.profile('alice'), bob: await deployment.profile('bob') }
    await startReceiver()
    silent = {
      sockets: [await openSocket(''), await openSocket('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
      afterHandshake: await handshake(connection, begin()),
    }
  })
  after(async () => {
    connection?.close()
    await deployment[Symbol.asyncDispose]()
  })

  async function startReceiver(): Promise<void> {
    connection?.close()
    bob = await deployment.receive('bob')
    shown = ''
    connection = connectPeer(bob.port)
    issued = await requestChat(profiles.alice, 'bob')
  }

  async function openSocket(bytes: string): Promise<Socket> {
    const socket = connectSocket(bob.port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.resume().write(bytes)
    return socket
  }

  interface Forgery {
    readonly ticket?: Partial<Ticket>
    readonly key?: ReturnType<typeof secretOf>
    readonly instanceId?: Uint8Array
  }

  /** Start a conversation as alice, with a ticket like one of Auth's, which is made with bob's key. */
  function begin(forgery: Forgery = {}): StartedConversation {
    const { account, session } = profiles.bob.login
    const issuedAtMs = forgery.ticket?.issuedAtMs ?? Date.now()
    const body: Ticket = {
      ticketId: randomBytes(16),
      issuedAtMs,
      expiresAtMs: issuedAtMs + TICKET_LIFETIME_MS,
      maxSessionDurationMs: issued.grant.maxSessionDurationMs,
      senderName: 'alice',
      senderIdentityKey: profiles.alice.state.identity.publicKey,
      senderAddress: '127.0.0.1',
      receiverIdentityKey: issued.grant.receiverIdentityKey,
      secret: issued.grant.secret,
      ...forgery.ticket,
    }
    const instanceId = forgery.instanceId ?? issued.grant.receiverInstanceId
    const key = forgery.key ?? session.keys.ticketKey
    const realm = realmOf(account.authorityPem)
    const ticket = sealTicket({ key, realm, receiverName: 'bob', instanceId, nonce: randomBytes(12), body })
    return start(profiles.alice, {
      ticket,
      grant: { ...issued.grant, ticketHash: ticketHash(ticket), receiverInstanceId: instanceId },
    })
  }

  /** A connection of its own for each try: one that calls on and on is cut. */
  async function freshly(work: (connection: ReturnType<typeof connectPeer>) => Promise<void>): Promise<void> {
    const fresh = connectPeer(bob.port)
    await work(fresh).finally(() => fresh.close())
  }

  /** Send a Hello, and check that it is refused with the one public status. */
  async function expectRefusal(hello: Hello, over?: typeof connection): Promise<void> {
    if (over === undefined) return await freshly((fresh) => expectRefusal(hello, fresh))
    const caller = BareCaller.on(over)
    await caller.send({ message: { $case: 'hello', value: hello } }).catch(() => undefined)
    expect((await rejection(caller.next())).code).to.equal('ERR_HELLO_REFUSED')
  }

  /** Send three records of which one is changed on its way, and check that those before it are shown. */
  async function expectEnd(label: string, which: number, tamper: (record: Uint8Array) => Uint8Array): Promise<void> {
    const texts = [1, 2, 3].map((n) => `${label} ${n}`)
    await freshly(async (fresh) => {
      const caller = await handshake(fresh, begin())
      for (const [n, body] of threeBodies(texts).entries()) {
        const record = caller.channel.seal(body)
        await caller.sendRecord(n === which ? tamper(record) : record).catch(() => undefined)
      }
      await rejection(caller.untilEnd())
    })
    shown += texts
      .slice(0, which)
      .map((text) => `${text}\n`)
      .join('')
  }

  /** Check that the process lives, has shown nothing that it should not, and holds the next conversation. */
  async function expectWell(text: string): Promise<void> {
    await converse(connection, begin(), text)
    shown += `${text}\n`
    await bob.process.untilStdout(shown)
  }

  /**
   * The codes of the refusals so far, which are in bob's log, and no caller learns. The one for who is silent from the
   * start on is left out: it comes when their time is over, during whichever test that is.
   */
  function reasons(): string[] {
    const lines = bob.process.errors.text.split('\n').filter((line) => line.startsWith('{'))
    const codes = lines.map((line) => JSON.parse(line).code)
    return codes.filter((code) => code !== undefined && code !== 'ERR_PEER_SILENT')
  }

  it('refuses a Hello with any field changed', async () => {
    for (const tamper of HELLO_TAMPERINGS) await expectRefusal(tamper(begin().hello))
    await expectWell('after changed Hellos')
    expect(reasons()).to.include.members([
      'ERR_TICKET_INSTANCE',
      'ERR_TICKET_FORGED',
      'ERR_HELLO_VERSION',
      'ERR_DECRYPT',
    ])
  })

  it('refuses a Hello cut off anywhere', async () => {
    for (const cut of HELLO_CUTS) await expectRefusal(cut(begin().hello))
    await expectWell('after cut Hellos')
  })

  it('refuses tickets that are not for it, and logs the reason of each', async () => {
    const tooOld = Date.now() - TICKET_LIFETIME_MS - CLOCK_SKEW_MS - 1_000
    const forgeries: Record<string, Forgery> = {
      ERR_TICKET_FORGED: { key: secretOf('another key') },
      ERR_TICKET_EXPIRED: { ticket: { issuedAtMs: tooOld } },
      ERR_TICKET_FUTURE: { ticket: { issuedAtMs: Date.now() + CLOCK_SKEW_MS + 30_000 } },
      ERR_TICKET_RECEIVER: { ticket: { receiverIdentityKey: bytesOf('another receiver', 32) } },
      ERR_TICKET_SENDER: { ticket: { senderIdentityKey: bytesOf('another sender', 32) } },
      ERR_TICKET_INSTANCE: { instanceId: bytesOf('another start', 16) },
    }
    for (const [reason, forgery] of Object.entries(forgeries)) {
      const told = reasons().length
      await expectRefusal(begin(forgery).hello)
      await bob.process.errors.until(() => reasons().length > told)
      expect(reasons().at(-1)).to.equal(reason)
    }
    await expectWell('after forged tickets')
  })

  it('ends a conversation by a record that is changed or cut, and shows what came before it', async () => {
    for (const which of [0, 1, 2]) {
      for (const [n, tamper] of RECORD_TAMPERINGS.entries())
        await expectEnd(`tampering ${n} of ${which}`, which, tamper)
    }
    await expectWell('after tampered records')
  })

  it('ends a conversation by a record that is repeated, left out or sent back', async () => {
    const attacks: ReadonlyArray<(caller: BareCaller) => Promise<void>> = [
      async (caller) => {
        const record = caller.channel.seal(textsBody(2n, ['repeated']))
        await caller.sendRecord(record)
        await caller.sendRecord(record).catch(() => undefined)
        shown += 'repeated\n'
      },
      async (caller) => {
        caller.channel.seal(textsBody(2n, ['left out']))
        await caller.sealAndSend(textsBody(3n, ['after a gap']))
      },
      async (caller) => {
        const { message } = await caller.next()
        if (message?.$case === 'record') await caller.sendRecord(message.value)
      },
    ]
    for (const attack of attacks) {
      const caller = await handshake(connection, begin())
      await caller.sealAndSend(resumeBody(['first']))
      shown += 'first\n'
      await attack(caller)
      await rejection(caller.untilEnd())
    }
    await expectWell('after records in disorder')
  })

  it(`withstands ${FLIPS} flips of a Hello and the first three records`, async () => {
    const seed = process.env['SEED'] ?? String(Date.now())
    for (let n = 0; n < FLIPS; n += 1) {
      const [target = 0, ...number] = bytesOf(`${seed} ${n}`, 5)
      const bit = Buffer.from(number).readUInt32BE()
      const { hello } = begin()
      if (target % 5 === 0) await expectRefusal({ ...hello, clear: flipAnyBit(hello.clear, bit) })
      else if (target % 5 === 1) await expectRefusal({ ...hello, noiseMessage: flipAnyBit(hello.noiseMessage, bit) })
      else await expectEnd(`flip ${n} of seed ${seed}`, (target % 5) - 2, (record) => flipAnyBit(record, bit))
    }
    await expectWell('after many flips')
  })

  it('refuses a replay of earlier messages, on this connection and on another', async () => {
    const said = begin()
    await converse(connection, said, 'said once')
    shown += 'said once\n'
    const another = connectPeer(bob.port)
    const told = reasons().length
    for (const over of [connection, another]) await expectRefusal(said.hello, over)
    another.close()
    await expectWell('after replays')
    await bob.process.errors.until(() => reasons().length >= told + 2)
    expect(reasons().slice(told)).to.deep.equal(['ERR_TICKET_REPLAYED', 'ERR_TICKET_REPLAYED'])
  })

  it('closes connections that send nothing, or nothing after their Hello', async () => {
    await Promise.all(silent.sockets.map((socket) => socket.closed || once(socket, 'close')))
    await rejection(silent.afterHandshake.untilEnd())
    await expectWell('after a silence')
  })

  it('survives garbage, below and above HTTP/2', async () => {
    const sockets = [
      await openSocket(Buffer.from(bytesOf('garbage', 4_096)).toString('latin1')),
      await openSocket('GET / HTTP/1.1\r\nHost: bob\r\n\r\n'),
      await openSocket(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(9)}${'\xff'.repeat(500)}`),
    ]
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
    const hello = Buffer.from(begin().hello.clear)
    const bodies = [
      framed(bytesOf('no message', 99)),
      framed(hello, 0, 2 ** 31),
      framed(hello, 1),
      Buffer.alloc(300_000),
    ]
    for (const bytes of bodies) expect(await rawCall({ port: bob.port, path: CONVERSE, bytes })).not.to.equal(0)
    expect(await rawCall({ port: bob.port, path: '/sotto.auth.v1.AuthService/Login' })).not.to.equal(0)
    await expectWell('after garbage')
  })

  // The last test, as it restarts the process.
  it('refuses after a restart what was sent, or granted, before it', async () => {
    const [said, unsaid] = [begin(), await requestChat(profiles.alice, 'bob')]
    await converse(connection, said, 'said before')
    bob.process.signal('SIGTERM')
    await bob.process.ended
    await startReceiver()
    await expectRefusal(said.hello)
    await expectRefusal(start(profiles.alice, unsaid).hello)
    // Bob knows the earlier stream, and resumes none until alice has received that.
    const caller = await handshake(connection, begin())
    await caller.sealAndSend(resumeBody())
    await caller.receive()
    await caller.sealAndSend(closeBody(0n))
    await caller.untilEnd()
    await expectWell('after a restart')
    expect(reasons()).to.deep.equal(['ERR_TICKET_INSTANCE', 'ERR_TICKET_INSTANCE'])
  })
})
