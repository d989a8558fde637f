/** Both services on a disk that is full: they say so, to their health checks and to every caller, and come back. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { type ErrorCode, isSottoError, SottoError } from '#lib/errors.ts'
import { isServing } from '#lib/rpc/standard/health-check.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { isPassing } from '../../clients/session/service-outage.ts'
import { SignInAttempts } from '../../services/auth/attempts/sign-in-attempts.ts'
import { EXTENSION_STEP_MS } from '../../services/auth/sessions.ts'
import { REUSE_MS } from '../../services/authentication/authentications.ts'
import { AuthRecords } from '../support/auth-records.ts'
import { FakeClock } from '../support/clock.ts'
import { bytesOf } from '../support/random.ts'
import { rejection } from '../support/rejection.ts'
import { AuthUnderTest } from '../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../support/running-directory.ts'
import { smallDiskRefusal as refusal, SmallDisk } from '../support/small-disk.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const FULL: ErrorCode = 'ERR_SERVER_DISK_FULL'

describe(`a full disk${refusal ? `: ${refusal}` : ''}`, () => {
  let folder: TemporaryFolder
  let disk: SmallDisk

  beforeEach(async function () {
    if (refusal) return this.skip()
    folder = await temporaryFolder()
    const path = join(folder.path, 'disk')
    await mkdir(path)
    disk = SmallDisk.mount(path, 2)
  })
  afterEach(async () => {
    if (refusal) return
    await disk[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  it('takes auth out of service, which tells whoever signs in, and back when there is room', async () => {
    await using auth = await AuthUnderTest.start({
      config: sqliteIn(join(disk.path, 'auth'), 'auth.db'),
      healthIntervalMs: 5,
    })
    await auth.addUser('bob', "bob's password")
    const security = { authorityPem: auth.running.caPem, role: 'auth.sotto' } as const
    const until = async (serving: boolean) => {
      while ((await isServing({ address: auth.running.address, security })) !== serving);
    }
    await until(true)
    await disk.fill()
    await until(false)
    const refused = await rejection(auth.login('bob'))
    expect([refused.code, refused.message]).to.deep.equal([FULL, "the server's disk is full"])
    expect(isPassing(refused)).to.equal(true)
    const added = await rejection(auth.addUser('carol', "carol's password"))
    expect([added.code, added.message]).to.deep.equal(['ERR_STORE', 'the disk is full'])
    await disk.free()
    await until(true)
    await auth.login('bob')
  })

  it('of auth keeps nobody who is signed in from the others, though no session can be extended', async () => {
    const clock = new FakeClock(Date.now())
    await using auth = await AuthUnderTest.start({
      clock,
      config: sqliteIn(join(disk.path, 'auth'), 'auth.db'),
      healthIntervalMs: 5,
    })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
    const [alice, bob] = [await auth.login('alice'), await auth.login('bob')]
    await using directory = await DirectoryUnderTest.start(auth, { heartbeatMs: 5, renewalMs: 5 })
    const connection = directory.connect()
    const { announcement, first } = await OpenAnnouncement.begin(connection, bob)
    await disk.fill()
    const health = {
      address: auth.running.address,
      security: { authorityPem: auth.running.caPem, role: 'auth.sotto' },
    } as const
    while (await isServing(health));
    clock.advance(EXTENSION_STEP_MS)
    let beat = await announcement.next()
    while (beat.serverTime?.getTime() !== clock.nowMs()) beat = await announcement.next()
    const { call } = connection
    const request = { username: 'bob', nonce: Buffer.from(bytesOf('nonce', 16)), hideAddress: false }
    const ask = () =>
      call.requestChat(request, { bearer: alice.keys.directoryBearer }).catch((error: SottoError) => error)
    let answer = await ask()
    // By a clock that has leapt, the directory has said nothing for long of those who are there.
    while (isSottoError(answer, 'ERR_NOT_ONLINE')) answer = await ask()
    expect(answer).to.include.keys('ticket', 'grant')
    await disk.free()
    while (beat.sessionExpiresAt?.getTime() === first.sessionExpiresAt?.getTime()) {
      clock.advance(REUSE_MS)
      beat = await announcement.next()
    }
    announcement.cancel()
  })

  it('of auth is no reason to turn somebody away who has just been let in', async () => {
    const records = await AuthRecords.open({ folder: disk })
    const attempts = new SignInAttempts(
      records.db,
      (text) => bytesOf(text, 32),
      () => records.clock.nowMs(),
    )
    const attempt = { network: '192.0.2.1', account: 'bob', isSignIn: true }
    const letIn = async () => {
      await disk.fill()
      return 'in'
    }
    expect(await attempts.try(attempt, letIn)).to.equal('in')
    expect((await rejection(attempts.try(attempt, letIn))).code).to.equal(FULL)
    await disk.free()
    expect(await attempts.try(attempt, async (isKnown) => isKnown)).to.equal(false)
    const queueIsFull = async () => {
      await disk.fill()
      throw new SottoError('ERR_BUSY', 'a full queue')
    }
    expect((await rejection(attempts.try(attempt, queueIsFull))).code).to.equal('ERR_BUSY')
    await records.close()
  })

  it('is told by a directory whose disk it is, instead of that nobody is online', async () => {
    // A lease is written anew only where the time has gone on.
    await using auth = await AuthUnderTest.start({ clock: systemClock })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
    await using directory = await DirectoryUnderTest.start(auth, {
      config: sqliteIn(join(disk.path, 'directory'), 'directory.db'),
      renewalMs: 5,
    })
    const { call } = directory.connect()
    const { keys } = await auth.login('alice')
    const bearer = keys.directoryBearer
    const ask = () =>
      call.requestChat({ username: 'bob', nonce: Buffer.from(bytesOf('nonce', 16)), hideAddress: false }, { bearer })
    expect((await rejection(ask())).code).to.equal('ERR_NOT_ONLINE')
    await disk.fill()
    let answer = await rejection(ask())
    while (answer.code === 'ERR_NOT_ONLINE') answer = await rejection(ask())
    expect([answer.code, answer.message]).to.deep.equal([FULL, "the server's disk is full"])
    expect((await rejection(call.getPresence({ username: 'bob' }, { bearer }))).code).to.equal(FULL)
    await disk.free()
    while (answer.code === FULL) answer = await rejection(ask())
    expect(answer.code).to.equal('ERR_NOT_ONLINE')
  })
})

function sqliteIn(dataFolder: string, file: string) {
  return { dataFolder, database: { kind: 'sqlite', path: join(dataFolder, file) } } as const
}
