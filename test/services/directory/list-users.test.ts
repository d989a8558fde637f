import { expect } from 'chai'
import { type ListUsersRequest, Presence, type User } from '#gen/sotto/directory/v1/directory_service.ts'
import { invite } from '../../../services/auth/invites/administration.ts'
import { FakeClock } from '../../support/clock.ts'
import { secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'

const NAMES = ['alice', 'alina', 'bob', 'b.ob', 'b-ob', 'z9']

describe('DirectoryService.ListUsers', () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let alice: TestSession

  before(async () => {
    auth = await AuthUnderTest.start({ isLaid: true, clock: new FakeClock(Date.now()) })
    for (const name of NAMES) await auth.addUser(name, `${name}'s password`)
    const carol = { name: 'carol', displayName: 'Carol Žižek', cohort: undefined, isReset: false }
    const { code } = await invite(auth.config, auth.clock, carol, 1_000)
    const request = { code: Buffer.from(code.reveal()), username: 'carol', password: "carol's password" }
    await auth.connect().call.join(request)
    directory = await DirectoryUnderTest.start(auth)
    alice = await auth.login('alice')
  })
  after(async () => {
    await directory[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })

  const list = (request: Partial<ListUsersRequest> = {}, bearer = alice.keys.directoryBearer, at = directory) =>
    at.connect().call.listUsers({ prefix: '', pageSize: 0, pageToken: '', ...request }, { bearer })
  const namesOf = (users: readonly User[]) => users.map(({ username }) => username)

  it('lists everybody in the order of their names, with who is online and what else they are called', async () => {
    await OpenAnnouncement.begin(directory.connect(), await auth.login('bob'))
    const { users, nextPageToken } = await list()
    expect(namesOf(users)).to.deep.equal([...NAMES, 'carol'].sort())
    expect(nextPageToken).to.equal('')
    expect(users.filter(({ presence }) => presence === Presence.ONLINE).map(({ username }) => username)).to.deep.equal([
      'bob',
    ])
    expect(users.filter(({ displayName }) => displayName !== '')).to.deep.equal([
      { username: 'carol', displayName: 'Carol Žižek', presence: Presence.OFFLINE },
    ])
  })

  it('lists page by page, each after the last', async () => {
    const pages: string[][] = []
    let pageToken = ''
    do {
      const { users, nextPageToken } = await list({ pageSize: 3, pageToken })
      pages.push(namesOf(users))
      pageToken = nextPageToken
    } while (pageToken !== '')
    expect(pages.map(({ length }) => length)).to.deep.equal([3, 3, 1])
    expect(pages.flat()).to.deep.equal([...NAMES, 'carol'].sort())
  })

  it('lists only names that begin as asked for', async () => {
    expect(namesOf((await list({ prefix: 'ali' })).users)).to.deep.equal(['alice', 'alina'])
    // A dot is a dot here.
    expect(namesOf((await list({ prefix: 'b.' })).users)).to.deep.equal(['b.ob'])
    expect((await list({ prefix: 'zz' })).users).to.deep.equal([])
  })

  it('is for members alone', async () => {
    for (const bearer of [secretOf('unknown'), alice.keys.authBearer]) {
      expect((await rejection(list({}, bearer))).code).to.equal('ERR_SESSION_ENDED')
    }
    const sealing = (await auth.connectSealing()).call
    const page = { prefix: '', pageSize: 1, after: '' }
    const directoryBearer = Buffer.from(secretOf('made up').reveal())
    expect((await rejection(sealing.listAccounts({ ...page, directoryBearer }))).code).to.equal('ERR_SESSION_ENDED')
  })

  it('refuses fields out of their limits', async () => {
    const wrong = { prefix: 'A%', pageSize: 201, pageToken: 'x y' }
    const { code, violations } = await rejection(list(wrong))
    expect(code).to.equal('ERR_INVALID_ARGUMENT')
    expect(violations.map(({ field }) => field)).to.deep.equal(['prefix', 'page_size', 'page_token'])
  })

  it('lists nobody where the host has turned it off, whoever asks auth', async () => {
    await using closed = await AuthUnderTest.start({ config: { hasRoster: false } })
    await closed.addUser('bob', "bob's password")
    await using quiet = await DirectoryUnderTest.start(closed)
    const { keys } = await closed.login('bob')
    expect((await rejection(list({}, keys.directoryBearer, quiet))).code).to.equal('ERR_TURNED_OFF')
    const sealing = (await closed.connectSealing()).call
    const request = { directoryBearer: Buffer.from(keys.directoryBearer.reveal()), prefix: '', pageSize: 1, after: '' }
    expect((await rejection(sealing.listAccounts(request))).code).to.equal('ERR_TURNED_OFF')
  })
})
