import { X509Certificate } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { ensureCertificateAuthority } from '#lib/runtime/certificates/authority.ts'
import { fingerprintOf, shownCertificates } from '#lib/runtime/tls.ts'
import { rotateLeaves } from '../../../../services/auth/keys/rotation.ts'
import { awaitedLog } from '../../../support/awaited-log.ts'
import { FakeClock } from '../../../support/clock.ts'
import { rejection } from '../../../support/rejection.ts'
import { AuthUnderTest } from '../../../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../../../support/running-directory.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const DAY_MS = 86_400_000
const RELOAD = { reloadMs: 5 }

/** Auth and the directory, which look at their files all the time, and their logs. */
async function services(clock = new FakeClock(Date.now())) {
  await using resources = new AsyncDisposableStack()
  const [authLog, directoryLog] = [awaitedLog('auth'), awaitedLog('directory')]
  const auth = resources.use(await AuthUnderTest.start({ ...RELOAD, clock, log: authLog.log }))
  const directory = resources.use(await DirectoryUnderTest.start(auth, { ...RELOAD, log: directoryLog.log }))
  const owned = resources.move()
  /** The leaves that new connections see: of auth, of sealing, of the directory. */
  const leaves = async () => {
    const { address, sealingAddress } = auth.running
    const shown = [address, sealingAddress, directory.running.address].map((each) => shownCertificates(each))
    return (await Promise.all(shown)).map(([leaf]) => fingerprintOf(String(leaf)))
  }
  /** Do something, and wait until both have other certificates. */
  const untilNew = async (work: () => unknown) => {
    const changed = Promise.all([authLog.next('new certificates'), directoryLog.next('new certificate')])
    await work()
    await changed
  }
  return { auth, directory, authLog, leaves, untilNew, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

describe('the certificates of running services', () => {
  it('are renewed when the host asks, and nobody who is connected notices', async () => {
    const clock = new FakeClock(Date.now() - DAY_MS)
    await using running = await services(clock)
    const { auth, directory, leaves, untilNew } = running
    await auth.addUser('bob', "bob's password")
    const bob = await auth.login('bob')
    const [authBefore, directoryBefore] = [auth.connect(), directory.connect()]
    await authBefore.call.getServerInfo({})
    const { announcement } = await OpenAnnouncement.begin(directoryBefore, bob)
    const before = await leaves()

    clock.advance(DAY_MS)
    await untilNew(() => rotateLeaves(auth.config, clock))

    const after = await leaves()
    expect(after.filter((leaf) => before.includes(leaf))).to.deep.equal([])
    const bearer = bob.keys.directoryBearer
    const isOnline = { presence: 1 }
    // By the connections of before, and by new ones; the directory asks Auth with its new certificate.
    await authBefore.call.getServerInfo({})
    expect(await directoryBefore.call.getPresence({ username: 'bob' }, { bearer })).to.include(isOnline)
    const { keys } = await auth.login('bob')
    const later = directory.connect().call.getPresence({ username: 'bob' }, { bearer: keys.directoryBearer })
    expect(await later).to.include(isOnline)
    announcement.cancel()
  })

  it('are renewed in the second half of their year, without a start', async () => {
    const clock = new FakeClock(Date.now() - 200 * DAY_MS)
    await using running = await services(clock)
    const before = await running.leaves()
    // Some may be looked at before it and others after.
    clock.advance(200 * DAY_MS)
    const areAllNew = async () => (await running.leaves()).every((leaf) => !before.includes(leaf))
    while (!(await areAllNew())) await setImmediate()
    const [leaf] = await shownCertificates(running.auth.running.address)
    expect(leaf?.validToDate.getTime()).to.be.above(Date.now() + 364 * DAY_MS)
  })

  it('stay in use where their authority is gone, or another installation has its place', async () => {
    await using running = await services()
    const { auth, authLog, leaves } = running
    const before = await leaves()
    const { authorityFolder } = auth.config
    const aside = `${authorityFolder}.aside`
    const failing = authLog.next('those of before stay in use')
    await rename(authorityFolder, aside)
    expect(await failing).to.include('ERR_CONFIG')
    const recovered = authLog.next('can be used again')
    await rename(aside, authorityFolder)
    await recovered
    await rename(authorityFolder, aside)
    await authLog.next('those of before stay in use')
    const other = authLog.next('can be used again')
    await ensureCertificateAuthority(authorityFolder, auth.clock)
    expect(await Promise.race([other, Promise.resolve('not taken up')])).to.equal('not taken up')
    expect(await leaves()).to.deep.equal(before)
    await rm(join(authorityFolder), { recursive: true })
  })

  it('keep Auth from a start where it cannot leave that of another service, and it says what to do', async () => {
    await using folder = await temporaryFolder()
    const closed = join(folder.path, 'closed')
    await writeFile(closed, 'no folder')
    for (const [name, setting] of [
      ['directoryTlsFolder', 'SOTTO_DIRECTORY_TLS'],
      ['relayTlsFolder', 'SOTTO_RELAY=off'],
    ] as const) {
      const refused = await rejection(AuthUnderTest.start({ config: { [name]: join(closed, 'tls') } }))
      expect(refused.code).to.equal('ERR_CONFIG')
      expect(refused.hint).to.include(setting)
    }
  })

  it('are warned of in the log before they end', async () => {
    const clock = new FakeClock(Date.now())
    await using auth = await AuthUnderTest.start({ clock })
    const { validToDate } = new X509Certificate(auth.running.caPem)
    await auth.stop()
    clock.advance(validToDate.getTime() - clock.nowMs() - 20.5 * DAY_MS)
    const { log, next } = awaitedLog('auth')
    const warned = next('"certificate":"authority"')
    await using _again = await AuthUnderTest.start({ clock, log, config: auth.config })
    expect(await warned).to.include('"daysLeft":20')
  })
})
