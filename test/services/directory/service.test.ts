import { expect } from 'chai'
import {
  LetterRefusal,
  Presence,
  ReplacedAnnouncement,
  type RequestChatRequest,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { openGrant } from '#lib/ticket/grant.ts'
import { openLetterGrant } from '#lib/ticket/letter-grant.ts'
import { openLetterTicket } from '#lib/ticket/letter-ticket.ts'
import { openTicket, ticketHash } from '#lib/ticket/ticket.ts'
import { DEFAULT_SESSION_LIFETIME_MS } from '../../../services/auth/sessions.ts'
import { FakeClock } from '../../support/clock.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import {
  ANNOUNCE_REQUEST,
  type DirectoryConnection,
  DirectoryUnderTest,
  OpenAnnouncement,
} from '../../support/running-directory.ts'

const NONCE = Buffer.from(bytesOf('nonce', 16))

describe('DirectoryService', () => {
  let clock: FakeClock
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let alice: TestSession
  let bob: TestSession
  let connection: DirectoryConnection

  before(async () => {
    clock = new FakeClock(Date.now())
    auth = await AuthUnderTest.start({ clock, isLaid: true })
    for (const name of ['alice', 'bob', 'carol']) await auth.addUser(name, `${name}'s password`)
  })
  beforeEach(async () => {
    directory = await DirectoryUnderTest.start(auth)
    connection = directory.connect()
    alice = await auth.login('alice')
    bob = await auth.login('bob')
  })
  afterEach(() => directory[Symbol.asyncDispose]())
  after(() => auth[Symbol.asyncDispose]())

  const getPresence = async (username: string, session = alice) =>
    await connection.call.getPresence({ username }, { bearer: session.keys.directoryBearer })

  const requestChat = async (changes: Partial<RequestChatRequest> = {}, session = alice) =>
    await connection.call.requestChat(
      { username: 'bob', nonce: NONCE, hideAddress: false, ...changes },
      { bearer: session.keys.directoryBearer },
    )

  /** Asks until the answer is no; the test's time limit bounds it. */
  async function untilOffline(username: string): Promise<void> {
    while ((await getPresence(username)).presence === Presence.ONLINE);
  }

  const logout = async (session: TestSession) =>
    await auth.connect().call.logout({}, { bearer: session.keys.authBearer })

  describe('Announce', () => {
    it('says at once that it stands, what time it is and when the session ends', async () => {
      const { first } = await OpenAnnouncement.begin(connection, bob)
      expect(first).to.deep.equal({
        serverTime: clock.now(),
        sessionExpiresAt: new Date(clock.nowMs() + DEFAULT_SESSION_LIFETIME_MS),
        replaced: ReplacedAnnouncement.UNSPECIFIED,
        refusedEndpoints: [],
      })
    })

    it('takes the account online for as long as the stream is open', async () => {
      expect(await getPresence('bob')).to.deep.equal({ presence: Presence.OFFLINE })
      const { announcement } = await OpenAnnouncement.begin(connection, bob)
      expect(await getPresence('bob')).to.deep.equal({ presence: Presence.ONLINE })
      announcement.cancel()
      await untilOffline('bob')
    })

    it('gives way to a newer announcement of the session, and says so', async () => {
      const older = await OpenAnnouncement.begin(connection, bob)
      const newer = await OpenAnnouncement.begin(directory.connect(), bob)
      expect(await older.announcement.end()).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
      expect(await getPresence('bob')).to.deep.equal({ presence: Presence.ONLINE })
      newer.announcement.cancel()
      await untilOffline('bob')
    })

    it('gives way to an announcement by another session of the account, which tickets are then for', async () => {
      const older = await OpenAnnouncement.begin(connection, bob)
      const bobAgain = await auth.login('bob')
      const instanceId = Buffer.from(bytesOf('another instance id', 16))
      const { first } = await OpenAnnouncement.begin(directory.connect(), bobAgain, { instanceId })
      expect(first.replaced).to.equal(ReplacedAnnouncement.OTHER_INSTANCE)
      expect(await older.announcement.end()).to.have.property('code', 'ERR_ANNOUNCE_REPLACED')
      const { ticket } = await requestChat()
      const realm = realmOf(auth.running.caPem)
      openTicket({ key: bobAgain.keys.ticketKey, realm, receiverName: 'bob', instanceId, ticket })
    })

    it('leaves announcements of other accounts alone', async () => {
      await OpenAnnouncement.begin(connection, alice)
      await OpenAnnouncement.begin(connection, bob)
      expect(await getPresence('alice', bob)).to.deep.equal({ presence: Presence.ONLINE })
    })

    it('names every field that is wrong', async () => {
      const changes = { endpoints: [{ address: 'bob.example', port: 0 }], instanceId: Buffer.alloc(15) }
      const refused = await rejection(OpenAnnouncement.begin(connection, bob, changes))
      expect(refused.code).to.equal('ERR_INVALID_ARGUMENT')
      expect(refused.violations.map(({ field }) => field)).to.deep.equal([
        'endpoints[0].address',
        'endpoints[0].port',
        'instance_id',
      ])
    })
  })

  describe('GetPresence', () => {
    it('does not know a name that no account has', async () => {
      expect(await rejection(getPresence('mallory'))).to.have.property('code', 'ERR_NO_SUCH_USER')
    })

    it('tells that an account exists whose owner is away', async () => {
      expect(await getPresence('carol')).to.deep.equal({ presence: Presence.OFFLINE })
    })

    it('refuses what is no name', async () => {
      const refused = await rejection(getPresence('Bob'))
      expect([refused.code, refused.violations[0]?.field]).to.deep.equal(['ERR_INVALID_ARGUMENT', 'username'])
    })
  })

  describe('RequestChat', () => {
    it('gives the endpoints in their order, a ticket that the receiver can open and a grant for the caller', async () => {
      await OpenAnnouncement.begin(directory.connect(), bob)
      const { endpoints, ticket, grant } = await requestChat()
      expect(endpoints).to.deep.equal(ANNOUNCE_REQUEST.endpoints)
      const realm = realmOf(auth.running.caPem)
      const opened = openGrant({ key: alice.keys.grantKey, realm, senderName: 'alice', grant })
      expect(opened).to.deep.include({ receiverName: 'bob', nonce: NONCE })
      expect(opened.ticketHash).to.deep.equal(ticketHash(ticket))
      const forBob = openTicket({
        key: bob.keys.ticketKey,
        realm,
        receiverName: 'bob',
        instanceId: ANNOUNCE_REQUEST.instanceId,
        ticket,
      })
      expect(forBob).to.deep.include({ senderName: 'alice', senderAddress: '127.0.0.1' })
      expect(forBob.secret.equals(opened.secret)).to.equal(true)
    })

    it('mints another secret each time', async () => {
      await OpenAnnouncement.begin(connection, bob)
      const [one, two] = [await requestChat(), await requestChat()]
      const open = (grant: Uint8Array) =>
        openGrant({ key: alice.keys.grantKey, realm: realmOf(auth.running.caPem), senderName: 'alice', grant }).secret
      expect(open(one.grant).equals(open(two.grant))).to.equal(false)
    })

    it('does not know a name that no account has', async () => {
      expect(await rejection(requestChat({ username: 'mallory' }))).to.have.property('code', 'ERR_NO_SUCH_USER')
    })

    it('cannot reach an account whose owner is away', async () => {
      expect(await rejection(requestChat())).to.have.property('code', 'ERR_NOT_ONLINE')
    })

    it('refuses a chat with oneself, online or not', async () => {
      expect(await rejection(requestChat({}, bob))).to.have.property('code', 'ERR_CHAT_WITH_SELF')
      await OpenAnnouncement.begin(connection, bob)
      expect(await rejection(requestChat({}, bob))).to.have.property('code', 'ERR_CHAT_WITH_SELF')
    })

    it('names every field that is wrong', async () => {
      const refused = await rejection(requestChat({ username: '', nonce: Buffer.alloc(17) }))
      expect(refused.code).to.equal('ERR_INVALID_ARGUMENT')
      expect(refused.violations.map(({ field }) => field)).to.deep.equal(['username', 'nonce'])
    })

    it('hands out the relay that a receiver attends, beside endpoints or alone', async () => {
      const relay = { address: ':7004', attendanceId: Buffer.alloc(16, 7) }
      for (const endpoints of [[], ANNOUNCE_REQUEST.endpoints]) {
        await OpenAnnouncement.begin(directory.connect(), bob, { endpoints, relay })
        expect(await requestChat()).to.deep.include({ endpoints, relay })
      }
    })

    it('leaves the caller’s address out of the ticket where that is to be hidden', async () => {
      await OpenAnnouncement.begin(directory.connect(), bob)
      for (const [hideAddress, senderAddress] of [
        [false, '127.0.0.1'],
        [true, ''],
      ] as const) {
        const { ticket } = await requestChat({ hideAddress })
        const opened = openTicket({
          key: bob.keys.ticketKey,
          realm: realmOf(auth.running.caPem),
          receiverName: 'bob',
          instanceId: ANNOUNCE_REQUEST.instanceId,
          ticket,
        })
        expect(opened.senderAddress).to.equal(senderAddress)
      }
    })

    it('takes a receiver offline whose session has ended, without waiting for the next beat', async () => {
      const { announcement } = await OpenAnnouncement.begin(directory.connect(), bob)
      await logout(bob)
      expect(await rejection(requestChat())).to.have.property('code', 'ERR_NOT_ONLINE')
      expect(await announcement.end()).to.have.property('code', 'ERR_SESSION_ENDED')
      expect(await getPresence('bob')).to.deep.equal({ presence: Presence.OFFLINE })
    })
  })

  describe('RequestLetters', () => {
    const requestLetters = async (...names: string[]) => {
      const letters = names.map((username) => ({ username, nonce: NONCE }))
      const options = { bearer: alice.keys.directoryBearer }
      const { results } = await connection.call.requestLetters({ letters }, options)
      return results.map(({ result }) => result)
    }
    const refused = (value: LetterRefusal) => ({ $case: 'refusal', value })

    it('gives a ticket and a grant whether somebody is online or not', async () => {
      clock.advance(1)
      bob = await auth.login('bob')
      const [result] = await requestLetters('bob')
      if (result?.$case !== 'granted') throw new Error(`${result?.value}`)
      const { ticket, grant } = result.value
      const realm = realmOf(auth.running.caPem)
      const opened = openLetterTicket({ key: bob.keys.ticketKey, realm, receiverName: 'bob', ticket })
      const granted = openLetterGrant({ key: alice.keys.grantKey, realm, senderName: 'alice', grant })
      expect(opened.secret.equals(granted.secret)).to.equal(true)
      await OpenAnnouncement.begin(directory.connect(), bob)
      expect((await requestLetters('bob')).map((each) => each?.$case)).to.deep.equal(['granted'])
    })

    it('says who cannot have one: nobody of that name, nobody signed in, and oneself', async () => {
      const { NO_SUCH_USER, NO_MAILBOX, WITH_SELF } = LetterRefusal
      const [nobody, one, self, other] = await requestLetters('mallory', 'bob', 'alice', 'bob')
      expect([nobody, self]).to.deep.equal([refused(NO_SUCH_USER), refused(WITH_SELF)])
      // Somebody who is named twice gets two.
      if (one?.$case !== 'granted' || other?.$case !== 'granted') throw new Error(`${one?.value} ${other?.value}`)
      expect(one.value.ticket.equals(other.value.ticket)).to.equal(false)
      await auth.connect().call.endSessions({ sessionIds: [] }, { bearer: bob.keys.authBearer })
      await auth.connect().call.logout({}, { bearer: bob.keys.authBearer })
      expect(await requestLetters('bob', 'mallory')).to.deep.equal([refused(NO_MAILBOX), refused(NO_SUCH_USER)])
    })
  })

  describe('its callers', () => {
    /** Every call, with one bearer. */
    const attempts = (bearer: ReturnType<typeof secretOf> | undefined) => {
      const options = bearer ? { bearer } : {}
      const { call } = connection
      return [
        call.getPresence({ username: 'bob' }, options),
        call.requestChat({ username: 'bob', nonce: NONCE, hideAddress: false }, options),
        call.requestChat({ username: 'mallory', nonce: NONCE, hideAddress: false }, options),
        call.requestLetters({ letters: [{ username: 'bob', nonce: NONCE }] }, options),
        call.requestLetters({ letters: [{ username: 'mallory', nonce: NONCE }] }, options),
        call.announce(ANNOUNCE_REQUEST, options)[Symbol.asyncIterator]().next(),
      ]
    }
    const codesWith = async (bearer?: ReturnType<typeof secretOf>) =>
      await Promise.all(attempts(bearer).map(async (attempt) => (await rejection(attempt)).code))
    const refused = Array(6).fill('ERR_SESSION_ENDED')

    beforeEach(() => OpenAnnouncement.begin(directory.connect(), bob))

    it('are refused without a bearer, and with one that nobody was given', async () => {
      expect(await codesWith()).to.deep.equal(refused)
      expect(await codesWith(secretOf('a guess'))).to.deep.equal(refused)
    })

    it("are refused with a session's other secrets", async () => {
      const { authBearer, ticketKey, grantKey } = alice.keys
      for (const secret of [authBearer, ticketKey, grantKey]) expect(await codesWith(secret)).to.deep.equal(refused)
    })

    it('are refused after they logged out', async () => {
      await logout(alice)
      expect(await codesWith(alice.keys.directoryBearer)).to.deep.equal(refused)
    })

    it('are refused after they logged out though the directory knew them, and what they hold open ends', async () => {
      const { announcement } = await OpenAnnouncement.begin(connection, alice)
      await getPresence('bob')
      await logout(alice)
      // No beat is due for a minute.
      expect(await announcement.end()).to.have.property('code', 'ERR_SESSION_ENDED')
      expect(await codesWith(alice.keys.directoryBearer)).to.deep.equal(refused)
    })

    it('are refused once the session was not used for as long as it lasts', async () => {
      clock.advance(DEFAULT_SESSION_LIFETIME_MS)
      expect(await codesWith(alice.keys.directoryBearer)).to.deep.equal(refused)
    })
  })
})
