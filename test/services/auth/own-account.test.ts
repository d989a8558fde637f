import { expect } from 'chai'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { setDisabled, setDisplayName } from '../../../services/auth/admin.ts'
import { EXTENSION_STEP_MS } from '../../../services/auth/sessions.ts'
import { FakeClock } from '../../support/clock.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'

const NEXT = 'another password'

describe('an account in the hands of its owner', () => {
  const clock = new FakeClock(Date.now())
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest

  before(async () => {
    auth = await AuthUnderTest.start({ clock })
    directory = await DirectoryUnderTest.start(auth)
    for (const name of ['bob', 'carol', 'dave', 'erin', 'frank']) await auth.addUser(name, `${name}'s password`)
  })
  after(async () => {
    await directory[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })

  const bearerOf = ({ keys }: TestSession) => ({ bearer: keys.authBearer })
  const change = (session: TestSession, currentPassword: string, newPassword = NEXT) =>
    auth.connect().call.changePassword({ currentPassword, newPassword }, bearerOf(session))
  const sessionsOf = async (session: TestSession) =>
    (await auth.connect().call.listSessions({}, bearerOf(session))).sessions
  const end = async (session: TestSession, ...others: readonly TestSession[]) =>
    (await auth.connect().call.endSessions({ sessionIds: others.map(({ id }) => id) }, bearerOf(session))).ended
  const isLive = async (session: TestSession) =>
    await sessionsOf(session).then(
      () => true,
      ({ code }) => code !== 'ERR_SESSION_ENDED',
    )

  it('changes its password by the present one, and all other sessions end', async () => {
    const [own, other] = [await auth.login('bob'), await auth.login('bob')]
    expect((await rejection(change(own, 'a wrong one'))).code).to.equal('ERR_LOGIN_REFUSED')
    expect(await isLive(other)).to.equal(true)
    await change(own, "bob's password")
    expect([await isLive(own), await isLive(other)]).to.deep.equal([true, false])
    expect((await rejection(auth.login('bob'))).code).to.equal('ERR_LOGIN_REFUSED')
    await auth.login('bob', { password: NEXT })
    // The same call again, as where its answer was lost.
    await change(own, "bob's password")
    expect((await rejection(change(own, "bob's password", 'a third password'))).code).to.equal('ERR_LOGIN_REFUSED')
  })

  it('takes no password that a new account would not get, and no request out of its limits', async () => {
    const own = await auth.login('frank')
    for (const [current, next, fields] of [
      ["frank's password", 'baseball', ['password']],
      ['', 'x'.repeat(1025), ['current_password', 'new_password']],
    ] as const) {
      const { code, violations } = await rejection(change(own, current, next))
      expect([code, violations.map(({ field }) => field)]).to.deep.equal(['ERR_INVALID_ARGUMENT', fields])
    }
    const sessionIds = Array.from({ length: 17 }, () => Buffer.alloc(16))
    for (const wrong of [sessionIds, [Buffer.alloc(15)]]) {
      const ending = auth.connect().call.endSessions({ sessionIds: wrong }, bearerOf(own))
      expect((await rejection(ending)).code).to.equal('ERR_INVALID_ARGUMENT')
    }
  })

  it('asks for the auth bearer, which the directory never sees', async () => {
    const { keys } = await auth.login('carol')
    const { call } = auth.connect()
    const passwords = { currentPassword: "carol's password", newPassword: NEXT }
    for (const options of [{}, { bearer: keys.directoryBearer }]) {
      const refused = [
        rejection(call.changePassword(passwords, options)),
        rejection(call.listSessions({}, options)),
        rejection(call.endSessions({ sessionIds: [] }, options)),
      ]
      for (const { code } of await Promise.all(refused)) expect(code).to.equal('ERR_SESSION_ENDED')
    }
  })

  it('lists its sessions, the latest used first', async () => {
    const first = await auth.login('dave')
    clock.advance(2 * EXTENSION_STEP_MS)
    const second = await auth.login('dave')
    const before = await sessionsOf(second)
    expect(before.map(({ sessionId }) => sessionId)).to.deep.equal([second.id, first.id])
    expect(before.map(({ isCurrent }) => isCurrent)).to.deep.equal([true, false])
    expect(before[1]?.createdAt).to.deep.equal(new Date(clock.nowMs() - 2 * EXTENSION_STEP_MS))
    expect(before[1]?.lastUsedAt).to.deep.equal(before[1]?.createdAt)
    // A use of the first, at the directory.
    clock.advance(1)
    const { directoryBearer } = first.keys
    await directory.connect().call.getPresence({ username: 'dave' }, { bearer: directoryBearer })
    const [used] = await sessionsOf(second)
    expect([used?.sessionId, used?.lastUsedAt]).to.deep.equal([first.id, clock.now()])
  })

  it("ends one of its sessions, or all but the one that asks, and nobody else's", async () => {
    const [own, second, third] = [await auth.login('erin'), await auth.login('erin'), await auth.login('erin')]
    const stranger = await auth.login('carol')
    expect(await end(own, second, stranger)).to.equal(1)
    expect([await isLive(second), await isLive(third), await isLive(stranger)]).to.deep.equal([false, true, true])
    expect(await end(own, second)).to.equal(0)
    expect(await end(own)).to.equal(1)
    expect([await isLive(own), await isLive(third), await isLive(stranger)]).to.deep.equal([true, false, true])
  })

  it('is refused by the directory, too, from then on: what is open there ends', async () => {
    const [own, other] = [await auth.login('erin'), await auth.login('erin')]
    const connection = directory.connect()
    const { announcement } = await OpenAnnouncement.begin(connection, other)
    const [ended] = await Promise.all([announcement.end(), change(own, "erin's password")])
    expect(ended).to.have.property('code', 'ERR_SESSION_ENDED')
    const asked = (session: TestSession) =>
      connection.call.getPresence({ username: 'bob' }, { bearer: session.keys.directoryBearer })
    expect((await rejection(asked(other))).code).to.equal('ERR_SESSION_ENDED')
    expect(await asked(own)).to.deep.equal({ presence: Presence.OFFLINE })
  })

  it('is disabled by the host: told to who knows the password, listed to nobody, and enabled as it was', async () => {
    const [carol, frank] = [await auth.login('carol'), await auth.login('frank')]
    await setDisplayName(auth.config, clock, 'frank', ' Frank  N. ')
    const { announcement } = await OpenAnnouncement.begin(directory.connect(), frank)
    const ended = announcement.end()
    await setDisabled(auth.config, clock, 'frank', true)
    expect(await ended).to.have.property('code', 'ERR_SESSION_ENDED')
    expect((await rejection(auth.login('frank'))).code).to.equal('ERR_ACCOUNT_DISABLED')
    expect((await rejection(auth.login('frank', { password: 'a wrong one' }))).code).to.equal('ERR_LOGIN_REFUSED')
    const listed = async () => {
      const request = { prefix: 'f', pageSize: 0, pageToken: '' }
      const bearer = carol.keys.directoryBearer
      return (await directory.connect().call.listUsers(request, { bearer })).users.map(({ displayName }) => displayName)
    }
    expect(await listed()).to.deep.equal([])
    await setDisabled(auth.config, clock, 'frank', false)
    await auth.login('frank')
    expect(await listed()).to.deep.equal(['Frank N.'])
    const [disabled, named] = [
      setDisabled(auth.config, clock, 'zoe', true),
      setDisplayName(auth.config, clock, 'zoe', 'Z'),
    ]
    for (const { code } of await Promise.all([disabled, named].map((each) => rejection(each)))) {
      expect(code).to.equal('ERR_NO_SUCH_USER')
    }
    expect((await rejection(setDisplayName(auth.config, clock, 'frank', '\u202e'))).code).to.equal(
      'ERR_INVALID_ARGUMENT',
    )
  })
})
