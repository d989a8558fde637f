import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Hello } from '#gen/sotto/peer/v1/handshake.ts'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import type { StartedConversation } from '#lib/channel/initiator.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { TICKET_LIFETIME_MS } from '#lib/ticket/ticket.ts'
import { noteMismatch, pin, setBlocked } from '../../../clients/profile/pins.ts'
import { BareCaller, closeBody, resumeBody, textsBody } from '../../support/bare-caller.ts'
import { type CallChanges, HostUnderTest } from '../../support/peer-host.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { flip } from '../../support/tamper.ts'
import {
  flipAnyBit,
  HELLO_CUTS,
  HELLO_TAMPERINGS,
  RECORD_TAMPERINGS,
  threeBodies,
} from '../../support/tampered-conversation.ts'

describe('servePeers', () => {
  let host: HostUnderTest
  beforeEach(async () => {
    host = await HostUnderTest.start()
  })
  afterEach(() => host[Symbol.asyncDispose]())

  /** Say this Hello, and get the error that comes back. */
  async function refusalOf(hello: Hello, connection = host.connect()) {
    const caller = BareCaller.on(connection)
    await caller.send({ message: { $case: 'hello', value: hello } }).catch(() => undefined)
    return await rejection(caller.next())
  }

  /** A whole conversation of one text, as it should be. */
  async function talk(text: string, started: StartedConversation = host.start()): Promise<void> {
    const caller = await host.handshake(started)
    await caller.sealAndSend(resumeBody([text]))
    await caller.acknowledged()
    await caller.sealAndSend(closeBody(1n))
    await caller.untilEnd()
  }

  it('shows what a caller says once its first record has opened, and pins its key', async () => {
    const caller = await host.handshake()
    expect([host.shown, host.pinned]).to.deep.equal([[], []])
    await caller.sealAndSend(resumeBody(['hello']))
    const resume = parseRecordBody(await caller.receive())
    expect(resume.control?.$case).to.equal('resume')
    await talk('again')
    expect(host.shown).to.deep.equal(['alice: hello', 'alice: again'])
    expect(host.pinned).to.deep.equal(['alice'])
  })

  describe('refuses', () => {
    const EXPIRED_MS = TICKET_LIFETIME_MS + CLOCK_SKEW_MS + 1_000
    const past = (): CallChanges => ({ ticket: { issuedAtMs: Date.now() - EXPIRED_MS } })
    const future = (): CallChanges => ({ ticket: { issuedAtMs: Date.now() + CLOCK_SKEW_MS + 10_000 } })
    const hellos: ReadonlyArray<readonly [what: string, code: string, changes: () => CallChanges]> = [
      ['a ticket that was changed', 'ERR_TICKET_FORGED', () => ({ carry: (ticket) => flip(ticket, 99) })],
      ['a ticket sealed under another key', 'ERR_TICKET_FORGED', () => ({ key: secretOf('not of bob') })],
      [
        'a ticket from before a restart',
        'ERR_TICKET_INSTANCE',
        () => ({ instanceId: bytesOf('instance id of yesterday', 16) }),
      ],
      ['a ticket a second beyond its time and the skew', 'ERR_TICKET_EXPIRED', past],
      ['a ticket from the future', 'ERR_TICKET_FUTURE', future],
      [
        'a ticket for another receiver’s key',
        'ERR_TICKET_RECEIVER',
        () => ({ ticket: { receiverIdentityKey: bytesOf('carol', 32) } }),
      ],
      ['a ticket from itself', 'ERR_TICKET_SENDER', () => ({ ticket: { senderName: 'bob' } })],
      [
        'a caller whose key is not the ticket’s',
        'ERR_TICKET_SENDER',
        () => ({ identity: keyPairOf('identity of mallory') }),
      ],
    ]
    for (const [what, code, changes] of hellos) {
      it(what, async () => {
        const error = await refusalOf(host.start(changes()).hello)
        expect(error.code).to.equal('ERR_HELLO_REFUSED')
        expect(host.refused).to.deep.equal([code])
        expect(host.logged.lines().at(-1)).to.include({ code, status: 'UNAUTHENTICATED' })
        expect([host.shown, host.pinned]).to.deep.equal([[], []])
        await talk('next')
        expect(host.shown).to.deep.equal(['alice: next'])
      })
    }

    it('whom the user has blocked, or found to be another, as it refuses strangers', async () => {
      await pin(host.profile, 'alice', keyPairOf('identity of alice').publicKey, new Date())
      await setBlocked(host.profile, 'alice', true)
      expect((await refusalOf(host.start().hello)).code).to.equal('ERR_HELLO_REFUSED')
      await setBlocked(host.profile, 'alice', false)
      await noteMismatch(host.profile, 'alice', new Date())
      expect((await refusalOf(host.start().hello)).code).to.equal('ERR_HELLO_REFUSED')
      expect(host.refused).to.deep.equal(['ERR_BLOCKED', 'ERR_KEY_MISMATCH'])
      expect(host.shown).to.deep.equal([])
    })

    it('a Hello that was said before, on the same connection and on another', async () => {
      const started = host.start()
      const connection = host.connect()
      const caller = await host.handshake(started, connection)
      await caller.sealAndSend(resumeBody(['once']))
      await caller.acknowledged()
      for (const where of [connection, host.connect()]) {
        expect((await refusalOf(started.hello, where)).code).to.equal('ERR_HELLO_REFUSED')
      }
      expect(host.refused).to.deep.equal(['ERR_TICKET_REPLAYED', 'ERR_TICKET_REPLAYED'])
      expect(host.shown).to.deep.equal(['alice: once'])
    })

    it('everything with one and the same public status', async () => {
      const texts = new Set<string>()
      for (const [, , changes] of hellos) {
        const { cause } = await refusalOf(host.start(changes()).hello)
        const { code, details, metadata } = cause as { code: number; details: string; metadata: { toJSON(): object } }
        const { date: _date, ...trailers } = metadata.toJSON() as Record<string, unknown>
        texts.add(JSON.stringify([code, details, trailers]))
      }
      expect(texts.size).to.equal(1)
    })

    it('a record in place of the Hello, and a second Hello in place of a record', async () => {
      const early = BareCaller.on(host.connect())
      await early.sendRecord(new Uint8Array(17))
      expect((await rejection(early.next())).code).to.equal('ERR_HELLO_REFUSED')
      const caller = await host.handshake()
      await caller.send({ message: { $case: 'hello', value: host.start().hello } })
      await rejection(caller.next())
      expect(host.shown).to.deep.equal([])
    })
  })

  describe('in the face of tampering', () => {
    it('refuses each tampered field of a Hello, shows nothing, and takes the next one', async () => {
      const connection = host.connect()
      for (const tamper of HELLO_TAMPERINGS) {
        expect((await refusalOf(tamper(host.start().hello), connection)).code).to.equal('ERR_HELLO_REFUSED')
      }
      await talk('still here')
      expect(host.shown).to.deep.equal(['alice: still here'])
    })

    it('refuses a Hello cut off at every boundary', async () => {
      const connection = host.connect()
      for (const cut of HELLO_CUTS) {
        expect((await refusalOf(cut(host.start().hello), connection)).code).to.equal('ERR_HELLO_REFUSED')
      }
      await talk('still here')
      expect(host.shown).to.deep.equal(['alice: still here'])
    })

    it('ends a conversation for good by each tampered or cut record of the first three', async function () {
      this.timeout(20_000)
      const connection = host.connect()
      for (const which of [0, 1, 2]) {
        for (const tamper of RECORD_TAMPERINGS) {
          host.shown.length = 0
          const caller = await host.handshake(host.start(), connection)
          for (const [n, body] of threeBodies().entries()) {
            const record = caller.channel.seal(body)
            await caller.sendRecord(n === which ? tamper(record) : record).catch(() => undefined)
          }
          await rejection(caller.untilEnd())
          expect(host.shown).to.deep.equal(['alice: first', 'alice: second'].slice(0, which))
        }
      }
      host.shown.length = 0
      await talk('still here')
      expect(host.shown).to.deep.equal(['alice: still here'])
    })

    it('withstands 100 seeded flips of Hello and the first three records', async function () {
      this.timeout(30_000)
      const seed = process.env['SEED'] ?? String(Date.now())
      for (let n = 0; n < 100; n += 1) {
        // A connection of its own for each: one that calls on and on is cut.
        const connection = host.connect()
        host.shown.length = 0
        const started = host.start()
        const [where, ...place] = bytesOf(`${seed} ${n}`, 8)
        const bit = Buffer.from(place).readUInt32BE(0)
        const target = (where ?? 0) % 5
        const caller = BareCaller.on(connection)
        const { clear, noiseMessage } = started.hello
        const hello = {
          clear: target === 0 ? flipAnyBit(clear, bit) : clear,
          noiseMessage: target === 1 ? flipAnyBit(noiseMessage, bit) : noiseMessage,
        }
        await caller.send({ message: { $case: 'hello', value: hello } }).catch(() => undefined)
        if (target <= 1) {
          await rejection(caller.next())
          expect(host.shown, `seed ${seed}, flip ${n}`).to.deep.equal([])
          connection.close()
          continue
        }
        const { message } = await caller.next()
        if (message?.$case !== 'welcome') throw new Error('no Welcome')
        const channel = started.complete(message.value)
        for (const [i, body] of threeBodies().entries()) {
          const record = channel.seal(body)
          await caller.sendRecord(i === target - 2 ? flipAnyBit(record, bit) : record).catch(() => undefined)
        }
        await rejection(caller.untilEnd())
        const expected = ['alice: first', 'alice: second'].slice(0, target - 2)
        expect(host.shown, `seed ${seed}, flip ${n}`).to.deep.equal(expected)
        connection.close()
      }
      await talk('still here')
    })

    it('ends a conversation in which a record is replayed, left out, swapped or reflected, and shows nothing twice', async () => {
      const attacks: Readonly<Record<string, (caller: BareCaller) => Promise<void>>> = {
        replayed: async (caller) => {
          const record = caller.channel.seal(textsBody(2n, ['second']))
          await caller.sendRecord(record)
          await caller.sendRecord(record).catch(() => undefined)
        },
        leftOut: async (caller) => {
          caller.channel.seal(textsBody(2n, ['second']))
          await caller.sealAndSend(textsBody(3n, ['third']))
        },
        swapped: async (caller) => {
          const [second, third] = [textsBody(2n, ['second']), textsBody(3n, ['third'])].map((body) =>
            caller.channel.seal(body),
          )
          await caller.sendRecord(third as Uint8Array)
          await caller.sendRecord(second as Uint8Array).catch(() => undefined)
        },
        reflected: async (caller) => {
          const { message } = await caller.next()
          if (message?.$case === 'record') await caller.sendRecord(message.value)
        },
      }
      for (const [name, attack] of Object.entries(attacks)) {
        host.shown.length = 0
        const caller = await host.handshake()
        await caller.sealAndSend(resumeBody(['first']))
        await attack(caller)
        await rejection(caller.untilEnd())
        const expected = name === 'replayed' ? ['alice: first', 'alice: second'] : ['alice: first']
        expect(host.shown, name).to.deep.equal(expected)
        expect(host.logged.lines().at(-1), name).to.include({ code: 'ERR_DECRYPT' })
      }
    })
  })

  it('hangs up on a caller who says nothing after Hello', async function () {
    // Sooner than the connection of a stranger is closed.
    this.timeout(10_000)
    await using impatient = await HostUnderTest.start({ channelTimes: { answerWithinMs: 20 } })
    const caller = await impatient.handshake()
    await rejection(caller.next())
    expect(impatient.refused).to.deep.equal(['ERR_PEER_SILENT'])
    expect([impatient.shown, impatient.pinned]).to.deep.equal([[], []])
  })

  it('tells a caller whose key has changed so, under seal, and shows nothing', async () => {
    await pin(host.profile, 'alice', bytesOf('the key of long ago', 32), new Date())
    const caller = await host.handshake()
    await caller.sealAndSend(resumeBody(['who am I']))
    const { control } = parseRecordBody(await caller.receive())
    expect(control).to.deep.equal({ $case: 'close', value: { reason: CloseReason.KEY_CHANGED, lastSequence: 0n } })
    await rejection(caller.next())
    expect(host.shown).to.deep.equal([])
    expect(host.refused).to.deep.equal(['ERR_KEY_CHANGED'])
    const { pins } = await host.profile.refresh()
    expect(Buffer.from(pins.get('alice')?.changedTo ?? [])).to.deep.equal(
      Buffer.from(keyPairOf('identity of alice').publicKey),
    )
  })

  it('says under seal that a caller breaks the protocol', async () => {
    const caller = await host.handshake()
    await caller.sealAndSend(resumeBody(['first']))
    await caller.sealAndSend(textsBody(7n, ['a gap']))
    let control = parseRecordBody(await caller.receive()).control
    while (control?.$case !== 'close') control = parseRecordBody(await caller.receive()).control
    expect(control.value.reason).to.equal(CloseReason.PROTOCOL)
    expect(host.shown).to.deep.equal(['alice: first'])
  })

  it('goes on where a caller left off who comes back after a cut', async () => {
    const streamId = randomBytes(16)
    const first = await host.handshake()
    await first.sealAndSend(resumeBody(['one', 'two'], streamId))
    await first.acknowledged(2n)
    first.cancel()
    const again = await host.handshake()
    await again.sealAndSend(resumeBody([], streamId))
    const { control } = parseRecordBody(await again.receive())
    expect(control?.$case === 'resume' && control.value.peerAcknowledged).to.equal(2n)
    await again.sealAndSend(textsBody(3n, ['three']))
    await again.acknowledged(3n)
    expect(host.shown).to.deep.equal(['alice: one', 'alice: two', 'alice: three'])
  })
})
