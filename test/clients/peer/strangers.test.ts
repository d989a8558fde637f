import { once } from 'node:events'
import http2 from 'node:http2'
import { expect } from 'chai'
import { Code } from '#gen/google/rpc/code.ts'
import { PEER_LIMITS } from '#lib/rpc/limits.ts'
import { within } from '../../../clients/peer/record-link.ts'
import { type BareCaller, closeBody, resumeBody, textsBody } from '../../support/bare-caller.ts'
import { PREFACE } from '../../support/http2-frames.ts'
import { HostUnderTest } from '../../support/peer-host.ts'
import { CONVERSE } from '../../support/peer-server.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { Strangers } from '../../support/strangers.ts'

const { signal } = new AbortController()

const { connections, calls } = PEER_LIMITS.strangers ?? expect.fail('everybody is let in')

/** More connections than there are places, and as many as have more calls than one network has, of 8 each. */
const [MANY, BUSY] = [connections.places + 8, calls.placesPerNetwork / 8 + 1]

/** Addresses of this machine, of a network each. */
const addresses = (count: number) => Array.from({ length: count }, (_, n) => `127.0.${n >> 6}.${(n & 63) + 2}`)

describe('servePeers, among strangers', () => {
  let host: HostUnderTest
  let strangers: Strangers
  beforeEach(async () => {
    host = await HostUnderTest.start()
    strangers = new Strangers(host.port)
  })
  afterEach(async () => {
    strangers[Symbol.dispose]()
    await host[Symbol.asyncDispose]()
  })

  /** A whole conversation of one text. */
  async function talk(text: string, greeted: Promise<BareCaller> = host.handshake()): Promise<void> {
    const caller = await greeted
    await caller.sealAndSend(resumeBody([text]))
    await caller.acknowledged()
    await caller.sealAndSend(closeBody(1n))
    await caller.untilEnd()
  }

  const crowds: Readonly<Record<string, () => Promise<void>>> = {
    'more connections of one address than there are places, that say nothing': async () => {
      for (let count = 0; count < MANY; count += 1) await strangers.connect()
    },
    'more connections of an address each than there are places, that say nothing': async () => {
      for (const address of addresses(MANY)) await strangers.connect(address)
    },
    'more empty calls of one address than there are places': async () => {
      for (let count = 0; count < BUSY; count += 1) await strangers.call(8)
    },
    'more empty calls of 64 addresses than there are places': async () => {
      for (const address of addresses(64)) await strangers.call(8, address)
    },
  }
  for (const [what, gather] of Object.entries(crowds)) {
    it(`lets a friend in at once beside ${what}`, async () => {
      await gather()
      await within(1_000, talk('hello'), signal)
      expect(host.shown).to.deep.equal(['alice: hello'])
      expect(strangers.open).to.be.greaterThan(0)
    })
  }

  it('lets a friend in beside a crowd of many addresses that begins HTTP/2, and comes back as often as it is sent away', async () => {
    let isOver = false
    const comeBack = async (from: string) => {
      while (!isOver) {
        const socket = await strangers.connect(from)
        socket.write(PREFACE)
        await new Promise((resolve) => socket.once('close', resolve))
      }
    }
    const coming = addresses(MANY).map(comeBack)
    while (strangers.open < connections.places) await new Promise(setImmediate)
    await talk('hello')
    isOver = true
    strangers[Symbol.dispose]()
    await Promise.all(coming)
    expect(host.shown).to.deep.equal(['alice: hello'])
  })

  it('tells those who have to make room that it is busy, and the user nothing', async () => {
    for (let count = 0; count < BUSY; count += 1) await strangers.call(8)
    await talk('hello')
    expect(new Set(strangers.statuses)).to.deep.equal(new Set([Code.RESOURCE_EXHAUSTED]))
    expect(host.refused).to.deep.equal([])
  })

  it('tells so also who has begun no call yet, in the first that they begin', async () => {
    const session = http2.connect(`http://127.0.0.1:${host.port}`)
    await once(session, 'remoteSettings')
    for (let count = 1; count < connections.placesPerNetwork; count += 1) await strangers.call(0)
    // It is let through once somebody has been silent for too long: who is here for longest.
    await strangers.call(0)
    const call = session.request({ ':method': 'POST', ':path': CONVERSE, 'content-type': 'application/grpc' })
    const [{ 'grpc-status': status }] = await once(call, 'response')
    expect(Number(status)).to.equal(Code.RESOURCE_EXHAUSTED)
    session.destroy()
  })

  it('tells whoever finds it full when to come back', async () => {
    await using full = await HostUnderTest.start({ maxConversations: 0 })
    const caller = await full.handshake()
    await caller.sealAndSend(resumeBody(['hello']))
    expect(await rejection(caller.next())).to.include({ code: 'ERR_BUSY', retryAfterMs: 10_000 })
  })

  it('sends nobody away who has shown a ticket, nor whoever is let in', async () => {
    const early = await host.handshake()
    const inside = await host.handshake()
    await inside.sealAndSend(resumeBody(['one']))
    await inside.acknowledged()
    for (const address of ['127.0.0.1', ...addresses(64)]) await strangers.call(8, address)
    for (let count = 0; count < 20; count += 1) await strangers.call(8)
    await inside.sealAndSend(textsBody(2n, ['two']))
    await inside.acknowledged(2n)
    await early.sealAndSend(resumeBody(['three']))
    await early.acknowledged()
    expect(host.shown).to.deep.equal(['alice: one', 'alice: two', 'alice: three'])
  })

  it('lets a friend in beside a member who shows ticket after ticket and confirms none', async () => {
    const identity = keyPairOf('identity of mallory')
    const callers: BareCaller[] = []
    for (let count = 0; count < 20; count += 1) {
      const ticket = { senderName: 'mallory', senderIdentityKey: identity.publicKey }
      callers.push(await host.handshake(host.start({ ticket, identity, ownName: 'mallory' })))
    }
    await within(1_000, talk('hello'), signal)
    expect(host.shown).to.deep.equal(['alice: hello'])
    expect((await rejection(callers[0]?.next() ?? Promise.resolve())).code).to.equal('ERR_BUSY')
    expect(host.refused).to.deep.equal([])
  })

  it('holds one conversation of a member, however many they begin', async () => {
    for (let count = 0; count < 20; count += 1) {
      const caller = await host.handshake()
      await caller.sealAndSend(resumeBody([`${count}`]))
      await caller.acknowledged()
    }
    const identity = keyPairOf('identity of carol')
    const ticket = { senderName: 'carol', senderIdentityKey: identity.publicKey }
    await talk('hello', host.handshake(host.start({ ticket, identity, ownName: 'carol' })))
    expect(host.shown.at(-1)).to.equal('carol: hello')
  })

  it('has as much room as before once a conversation is over', async () => {
    await using small = await HostUnderTest.start({ maxConversations: 1 })
    for (let count = 0; count < 3; count += 1) await talk('again', small.handshake())
    expect(small.shown).to.have.length(3)
  })
})
