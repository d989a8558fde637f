import { expect } from 'chai'
import {
  ChatRefusal,
  type ChatToSeal,
  LetterRefusal,
  type LetterToSeal,
  type SealedChat,
  type SealedLetter,
} from '#gen/sotto/sealing/v1/sealing_service.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import type { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { checkGrant, openGrant } from '#lib/ticket/grant.ts'
import { openLetterGrant } from '#lib/ticket/letter-grant.ts'
import { LETTER_LIFETIME_MS, openLetterTicket } from '#lib/ticket/letter-ticket.ts'
import { openTicket, TICKET_LIFETIME_MS } from '#lib/ticket/ticket.ts'
import { DEFAULT_SESSION_LIFETIME_MS, EXTENSION_STEP_MS } from '../../../services/auth/sessions.ts'
import { FakeClock } from '../../support/clock.ts'
import { bytesOf, keyPairOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'

const INSTANCE_ID = Buffer.from(bytesOf('instance id', 16))
const NONCE = Buffer.from(bytesOf('nonce', 16))

describe('SealingService', () => {
  let clock: FakeClock
  let auth: AuthUnderTest
  let alice: TestSession
  let bob: TestSession

  before(async () => {
    clock = new FakeClock(Date.now())
    auth = await AuthUnderTest.start({ clock })
    for (const name of ['alice', 'bob', 'carol']) await auth.addUser(name, `${name}'s password`)
  })

  beforeEach(async () => {
    alice = await auth.login('alice')
    bob = await auth.login('bob')
  })

  after(async () => {
    await auth[Symbol.asyncDispose]()
  })

  /** What alice asks for when she wants to talk to bob. */
  function chatOf(changes: Partial<ChatToSeal> = {}): ChatToSeal {
    return {
      senderBearer: Buffer.from(alice.keys.directoryBearer.reveal()),
      receiverSessionId: bob.id,
      receiverInstanceId: INSTANCE_ID,
      nonce: NONCE,
      senderAddress: '192.0.2.7',
      requestId: 'r',
      ...changes,
    }
  }

  /** What becomes of each. */
  async function sealChats(...chats: readonly ChatToSeal[]): Promise<(SealedChat | ChatRefusal | undefined)[]> {
    const { call } = await auth.connectSealing()
    const { results } = await call.sealChats({ chats: [...chats] })
    return results.map(({ result }) => result?.value)
  }

  async function sealChat(changes: Partial<ChatToSeal> = {}): Promise<SealedChat> {
    const [sealed] = await sealChats(chatOf(changes))
    if (typeof sealed !== 'object') throw new Error(`refused: ${sealed}`)
    return sealed
  }

  /** Why one is refused. */
  async function refusalOf(changes: Partial<ChatToSeal> = {}): Promise<unknown> {
    const [refusal] = await sealChats(chatOf(changes))
    return refusal
  }

  async function logout(session: TestSession): Promise<void> {
    await auth.connect().call.logout({}, { bearer: session.keys.authBearer })
  }

  describe('its callers', () => {
    it('are nobody without a certificate', async () => {
      const { call } = await auth.connectSealing('none')
      expect((await rejection(call.findAccount({ username: 'bob' }))).code).to.equal('ERR_SERVER_UNTRUSTED')
    })

    it('are nobody with a certificate of the same authority for another role', async () => {
      const { call } = await auth.connectSealing(await auth.ownCertificate())
      const refused = await rejection(call.sealChats({ chats: [chatOf()] }))
      expect(refused.code).to.equal('ERR_CALLER_UNTRUSTED')
    })

    it("are nobody with a directory's certificate of another authority", async () => {
      await using other = await AuthUnderTest.start()
      const stranger = await other.directoryCertificate()
      const { call } = await auth.connectSealing(stranger)
      expect((await rejection(call.findAccount({ username: 'bob' }))).code).to.equal('ERR_UNAVAILABLE')
    })
  })

  it('answers a relay whose bearer it is and which sessions end, and nothing else', async () => {
    const { call } = await auth.connectSealing(await auth.relayCertificate())
    const directoryBearer = Buffer.from(alice.keys.directoryBearer.reveal())
    for (const refused of [
      call.findAccount({ username: 'bob' }),
      call.listAccounts({ directoryBearer, prefix: '', pageSize: 10, after: '' }),
      call.sealChats({ chats: [] }),
    ]) {
      expect((await rejection(refused)).code).to.equal('ERR_CALLER_UNTRUSTED')
    }
    const { value } = await call.watchRevocations({})[Symbol.asyncIterator]().next()
    expect(value?.sessionIds).to.deep.equal([])
  })

  describe('Authenticate', () => {
    it('tells whose bearer it is, and extends the session', async () => {
      const { call } = await auth.connectSealing()
      clock.advance(EXTENSION_STEP_MS)
      const answer = await call.authenticate({
        directoryBearer: Buffer.from(bob.keys.directoryBearer.reveal()),
        relayBearer: Buffer.alloc(0),
      })
      expect(answer.username).to.equal('bob')
      expect(answer.sessionId).to.deep.equal(bob.id)
      expect(answer.serverTime).to.deep.equal(clock.now())
      expect(answer.expiresAt).to.deep.equal(new Date(clock.nowMs() + DEFAULT_SESSION_LIFETIME_MS))
    })

    it('refuses a bearer that is unknown, of another kind, of an ended session or expired', async () => {
      const { call } = await auth.connectSealing()
      const codeFor = async (bearer: Uint8Array) =>
        (await rejection(call.authenticate({ directoryBearer: Buffer.from(bearer), relayBearer: Buffer.alloc(0) })))
          .code
      expect(await codeFor(secretOf('unknown').reveal())).to.equal('ERR_SESSION_ENDED')
      expect(await codeFor(bob.keys.authBearer.reveal())).to.equal('ERR_SESSION_ENDED')
      await logout(alice)
      expect(await codeFor(alice.keys.directoryBearer.reveal())).to.equal('ERR_SESSION_ENDED')
      clock.advance(DEFAULT_SESSION_LIFETIME_MS)
      expect(await codeFor(bob.keys.directoryBearer.reveal())).to.equal('ERR_SESSION_ENDED')
    })

    it('tells a relay whose relay bearer it is, and extends the session', async () => {
      const { call } = await auth.connectSealing(await auth.relayCertificate())
      clock.advance(EXTENSION_STEP_MS)
      const ask = (bearer: Secret) =>
        call.authenticate({ directoryBearer: Buffer.alloc(0), relayBearer: Buffer.from(bearer.reveal()) })
      const answer = await ask(deriveSessionKeys(bob.token).relayBearer)
      expect([answer.username, answer.sessionId]).to.deep.equal(['bob', bob.id])
      expect(answer.expiresAt).to.deep.equal(new Date(clock.nowMs() + DEFAULT_SESSION_LIFETIME_MS))
      for (const bearer of [bob.keys.directoryBearer, bob.keys.authBearer, secretOf('unknown')]) {
        expect((await rejection(ask(bearer))).code).to.equal('ERR_SESSION_ENDED')
      }
      await logout(bob)
      expect((await rejection(ask(deriveSessionKeys(bob.token).relayBearer))).code).to.equal('ERR_SESSION_ENDED')
    })

    it('takes neither bearer from the service that has the other', async () => {
      const [directoryBearer, relayBearer] = [
        Buffer.from(bob.keys.directoryBearer.reveal()),
        Buffer.from(deriveSessionKeys(bob.token).relayBearer.reveal()),
      ]
      const [directory, relay] = [await auth.connectSealing(), await auth.connectSealing(await auth.relayCertificate())]
      const none = Buffer.alloc(0)
      for (const refused of [
        directory.call.authenticate({ directoryBearer: none, relayBearer }),
        relay.call.authenticate({ directoryBearer, relayBearer: none }),
      ]) {
        expect((await rejection(refused)).code).to.equal('ERR_INVALID_ARGUMENT')
      }
    })

    it('refuses a bearer of another length', async () => {
      const { call } = await auth.connectSealing()
      const refused = await rejection(
        call.authenticate({ directoryBearer: Buffer.alloc(31), relayBearer: Buffer.alloc(0) }),
      )
      expect(refused.code).to.equal('ERR_INVALID_ARGUMENT')
      expect(refused.violations.map(({ field }) => field)).to.deep.equal(['directory_bearer'])
    })
  })

  describe('FindAccount', () => {
    it('finds an account that is there', async () => {
      const { call } = await auth.connectSealing()
      await call.findAccount({ username: 'carol' })
      expect((await rejection(call.findAccount({ username: 'eve' }))).code).to.equal('ERR_NO_SUCH_USER')
      expect((await rejection(call.findAccount({ username: 'Eve' }))).code).to.equal('ERR_INVALID_ARGUMENT')
    })
  })

  describe('SealChats', () => {
    function openBoth({ ticket, grant }: SealedChat, receiver: TestSession, name: string) {
      const realm = realmOf(auth.running.caPem)
      return {
        ticket: openTicket({
          key: receiver.keys.ticketKey,
          realm,
          receiverName: name,
          instanceId: INSTANCE_ID,
          ticket,
        }),
        grant: openGrant({ key: alice.keys.grantKey, realm, senderName: 'alice', grant }),
      }
    }

    it('seals one secret for the two, with names and keys from its own records', async () => {
      const { ticket, grant } = openBoth(await sealChat(), bob, 'bob')
      expect(ticket.secret.equals(grant.secret)).to.equal(true)
      expect(ticket).to.include({ senderName: 'alice', senderAddress: '192.0.2.7' })
      expect(ticket.expiresAtMs).to.equal(clock.nowMs() + TICKET_LIFETIME_MS)
      expect(Buffer.compare(ticket.senderIdentityKey, keyPairOf('alice').publicKey)).to.equal(0)
      expect(grant.receiverName).to.equal('bob')
      expect(Buffer.compare(grant.receiverIdentityKey, keyPairOf('bob').publicKey)).to.equal(0)
      expect(Buffer.compare(grant.receiverSessionId, bob.id)).to.equal(0)
      expect(Buffer.compare(grant.nonce, NONCE)).to.equal(0)
    })

    it("names a session's real owner, whoever's session the directory passes", async () => {
      // Alice asked for bob; a directory that lies passes the session of carol. The grant says so, and alice stops.
      const carol = await auth.login('carol')
      const { grant } = openBoth(await sealChat({ receiverSessionId: carol.id }), carol, 'carol')
      expect(grant.receiverName).to.equal('carol')
      expect(Buffer.compare(grant.receiverIdentityKey, keyPairOf('carol').publicKey)).to.equal(0)
    })

    it('seals only while both sessions live', async () => {
      await logout(bob)
      expect(await refusalOf()).to.equal(ChatRefusal.RECEIVER_SESSION_ENDED)
      bob = await auth.login('bob')
      await sealChat()
      await logout(alice)
      expect(await refusalOf()).to.equal(ChatRefusal.SENDER_SESSION_ENDED)
    })

    it('seals only until either session expires', async () => {
      clock.advance(DEFAULT_SESSION_LIFETIME_MS - 1)
      await sealChat()
      clock.advance(1)
      expect(await refusalOf()).to.equal(ChatRefusal.RECEIVER_SESSION_ENDED)
      clock.advance(DEFAULT_SESSION_LIFETIME_MS)
      expect(await refusalOf()).to.equal(ChatRefusal.SENDER_SESSION_ENDED)
    })

    it('refuses an unknown sender, an unknown receiver, and a chat with oneself', async () => {
      const senderBearer = Buffer.from(secretOf('unknown').reveal())
      expect(await refusalOf({ senderBearer })).to.equal(ChatRefusal.SENDER_SESSION_ENDED)
      const receiverSessionId = Buffer.from(bytesOf('unknown', 16))
      expect(await refusalOf({ receiverSessionId })).to.equal(ChatRefusal.RECEIVER_SESSION_ENDED)
      const elsewhere = await auth.login('alice')
      for (const { id } of [alice, elsewhere]) {
        expect(await refusalOf({ receiverSessionId: id })).to.equal(ChatRefusal.WITH_SELF)
      }
    })

    it('answers each of many by itself and in order, whatever becomes of the others', async () => {
      const carol = await auth.login('carol')
      const to = (receiverSessionId: Buffer) => chatOf({ receiverSessionId })
      const answers = await sealChats(to(bob.id), to(alice.id), to(carol.id), to(Buffer.alloc(16)), to(bob.id))
      const [first, self, second, unknown, third] = answers
      expect([self, unknown]).to.deep.equal([ChatRefusal.WITH_SELF, ChatRefusal.RECEIVER_SESSION_ENDED])
      const secrets = [
        openBoth(first as SealedChat, bob, 'bob'),
        openBoth(second as SealedChat, carol, 'carol'),
        openBoth(third as SealedChat, bob, 'bob'),
      ].map(({ ticket, grant }) => {
        expect(ticket.secret.equals(grant.secret)).to.equal(true)
        return ticket.secret.fingerprint()
      })
      expect(new Set(secrets)).to.have.length(3)
    })

    it('takes 32 at once, and neither none nor more', async () => {
      const many = (count: number) => Array.from({ length: count }, () => chatOf())
      expect(await sealChats(...many(32))).to.have.length(32)
      for (const count of [0, 33]) {
        const { code, violations } = await rejection(sealChats(...many(count)))
        expect(code).to.equal('ERR_INVALID_ARGUMENT')
        expect(violations.map(({ field }) => field)).to.deep.equal(['chats'])
      }
    })

    it('refuses fields out of their limits, and names all of them', async () => {
      const short = Buffer.alloc(1)
      const fields = { senderBearer: short, receiverSessionId: short, receiverInstanceId: short, nonce: short }
      const wrong = chatOf({ ...fields, senderAddress: 'example.org', requestId: 'a line\n' })
      const { code, violations } = await rejection(sealChats(chatOf(), wrong))
      expect(code).to.equal('ERR_INVALID_ARGUMENT')
      expect(violations.map(({ field }) => field)).to.deep.equal([
        'chats[1].sender_bearer',
        'chats[1].receiver_session_id',
        'chats[1].receiver_instance_id',
        'chats[1].nonce',
        'chats[1].sender_address',
        'chats[1].request_id',
      ])
    })
  })

  describe('SealLetters', () => {
    beforeEach(async () => {
      // Later than any session of the tests before.
      clock.advance(1)
      bob = await auth.login('bob')
    })

    const realm = () => realmOf(auth.running.caPem)
    const letterOf = (changes: Partial<LetterToSeal> = {}): LetterToSeal => {
      const senderBearer = Buffer.from(alice.keys.directoryBearer.reveal())
      return { senderBearer, receiverName: 'bob', nonce: NONCE, requestId: 'a-letter', ...changes }
    }
    const sealLetters = async (...letters: readonly LetterToSeal[]) => {
      const { call } = await auth.connectSealing()
      const { results } = await call.sealLetters({ letters: [...letters] })
      return results.map(({ result }) => result?.value)
    }
    const sealLetter = async () => (await sealLetters(letterOf()))[0] as SealedLetter

    it('seals one secret for the two, with names and keys from its own records, for 14 days', async () => {
      const { ticket, grant } = await sealLetter()
      const context = { key: bob.keys.ticketKey, realm: realm(), receiverName: 'bob' }
      const opened = openLetterTicket({ ...context, ticket })
      const granted = openLetterGrant({ key: alice.keys.grantKey, realm: realm(), senderName: 'alice', grant })
      expect(opened.secret.equals(granted.secret)).to.equal(true)
      expect(opened).to.include({ senderName: 'alice', issuedAtMs: clock.nowMs() })
      expect(opened.expiresAtMs).to.equal(clock.nowMs() + LETTER_LIFETIME_MS)
      expect(granted.expiresAtMs).to.equal(opened.expiresAtMs)
      expect(Buffer.compare(opened.senderIdentityKey, keyPairOf('alice').publicKey)).to.equal(0)
      expect(Buffer.compare(opened.receiverIdentityKey, keyPairOf('bob').publicKey)).to.equal(0)
      expect(Buffer.compare(granted.receiverSessionId, bob.id)).to.equal(0)
      checkGrant(granted, { nonce: NONCE, ticket, receiverName: 'bob', nowMs: clock.nowMs() })
    })

    it("takes the receiver's newest session that has not ended", async () => {
      const sessionOf = async () => {
        const { grant } = await sealLetter()
        const context = { key: alice.keys.grantKey, realm: realm(), senderName: 'alice' }
        return openLetterGrant({ ...context, grant }).receiverSessionId
      }
      clock.advance(1)
      const newer = await auth.login('bob')
      // A use of the older one does not make it the newest.
      clock.advance(EXTENSION_STEP_MS)
      const { call } = await auth.connectSealing()
      await call.authenticate({
        directoryBearer: Buffer.from(bob.keys.directoryBearer.reveal()),
        relayBearer: Buffer.alloc(0),
      })
      expect(Buffer.compare(await sessionOf(), newer.id)).to.equal(0)
      await logout(newer)
      expect(Buffer.compare(await sessionOf(), bob.id)).to.equal(0)
    })

    it('answers each of many by itself and in order: a letter, or why there is none', async () => {
      await auth.login('carol')
      const [first, unknown, nobody, self, second] = await sealLetters(
        letterOf(),
        letterOf({ senderBearer: Buffer.from(secretOf('?').reveal()) }),
        letterOf({ receiverName: 'eve' }),
        letterOf({ receiverName: 'alice' }),
        letterOf({ receiverName: 'carol' }),
      )
      const { SENDER_SESSION_ENDED, NO_SUCH_USER, WITH_SELF, NO_MAILBOX } = LetterRefusal
      expect([unknown, nobody, self]).to.deep.equal([SENDER_SESSION_ENDED, NO_SUCH_USER, WITH_SELF])
      const opened = [first, second].map((sealed) => {
        const { grant } = sealed as SealedLetter
        return openLetterGrant({ key: alice.keys.grantKey, realm: realm(), senderName: 'alice', grant })
      })
      expect(opened.map(({ receiverName }) => receiverName)).to.deep.equal(['bob', 'carol'])
      expect(new Set(opened.map(({ secret }) => secret.fingerprint()))).to.have.length(2)
      clock.advance(DEFAULT_SESSION_LIFETIME_MS)
      alice = await auth.login('alice')
      expect(await sealLetters(letterOf())).to.deep.equal([NO_MAILBOX])
    })

    it('takes 32 at once, and neither none nor more', async () => {
      const many = (count: number) => Array.from({ length: count }, () => letterOf())
      expect(await sealLetters(...many(32))).to.have.length(32)
      for (const count of [0, 33]) {
        const { code, violations } = await rejection(sealLetters(...many(count)))
        expect(code).to.equal('ERR_INVALID_ARGUMENT')
        expect(violations.map(({ field }) => field)).to.deep.equal(['letters'])
      }
    })

    it('refuses fields out of their limits, and names all of them', async () => {
      const short = Buffer.alloc(1)
      const wrong = letterOf({ senderBearer: short, receiverName: 'Bob', nonce: short, requestId: 'a line\n' })
      const { code, violations } = await rejection(sealLetters(letterOf(), wrong))
      expect(code).to.equal('ERR_INVALID_ARGUMENT')
      expect(violations.map(({ field }) => field)).to.deep.equal([
        'letters[1].sender_bearer',
        'letters[1].receiver_name',
        'letters[1].nonce',
        'letters[1].request_id',
      ])
    })
  })
})
