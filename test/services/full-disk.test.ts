/** Both services on a disk that is full: they say so, to their health checks and to every caller, and come back. */
import { spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid, platform } from 'node:process'
import { expect } from 'chai'
import type { ErrorCode } from '#lib/errors.ts'
import { isServing } from '#lib/rpc/health-check.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { hasSystemCode } from '#lib/runtime/files.ts'
import { isPassing } from '../../clients/session/service-outage.ts'
import { bytesOf } from '../support/random.ts'
import { rejection } from '../support/rejection.ts'
import { AuthUnderTest } from '../support/running-auth.ts'
import { DirectoryUnderTest } from '../support/running-directory.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const refusal = platform === 'linux' && getuid?.() === 0 ? undefined : 'only root can mount a disk that is small'

const FULL: ErrorCode = 'ERR_SERVER_DISK_FULL'

describe(`a full disk${refusal ? `: ${refusal}` : ''}`, () => {
  let folder: TemporaryFolder
  let disk: string

  beforeEach(async function () {
    if (refusal) return this.skip()
    folder = await temporaryFolder()
    disk = join(folder.path, 'disk')
    await mkdir(disk)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]).status).to.equal(0)
  })
  afterEach(async () => {
    if (refusal) return
    spawnSync('umount', ['--lazy', disk])
    await folder[Symbol.asyncDispose]()
  })

  /** Take all the room that there is. */
  const fill = async () => {
    for (const size of [65_536, 4_096, 1]) {
      for (let count = 0; ; count += 1) {
        try {
          await writeFile(join(disk, `fill-${size}-${count}`), Buffer.alloc(size))
        } catch (error) {
          if (!hasSystemCode(error, 'ENOSPC')) throw error
          await rm(join(disk, `fill-${size}-${count}`), { force: true })
          break
        }
      }
    }
  }
  const free = () => rm(join(disk, 'fill-65536-0'))

  it('takes auth out of service, which tells whoever signs in, and back when there is room', async () => {
    await using auth = await AuthUnderTest.start({ config: { dataFolder: join(disk, 'auth') }, healthIntervalMs: 5 })
    await auth.addUser('bob', "bob's password")
    const security = { authorityPem: auth.running.caPem, role: 'auth.sotto' } as const
    const until = async (serving: boolean) => {
      while ((await isServing({ address: auth.running.address, security })) !== serving);
    }
    await until(true)
    await fill()
    await until(false)
    const refused = await rejection(auth.login('bob'))
    expect([refused.code, refused.message]).to.deep.equal([FULL, "the server's disk is full"])
    expect(isPassing(refused)).to.equal(true)
    const added = await rejection(auth.addUser('carol', "carol's password"))
    expect([added.code, added.message]).to.deep.equal(['ERR_STORE', 'the disk is full'])
    await free()
    await until(true)
    await auth.login('bob')
  })

  it('is told by a directory whose disk it is, instead of that nobody is online', async () => {
    // A lease is written anew only where the time has gone on.
    await using auth = await AuthUnderTest.start({ clock: systemClock })
    for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
    await using directory = await DirectoryUnderTest.start(auth, {
      config: { dataFolder: join(disk, 'directory') },
      renewalMs: 5,
    })
    const { call } = directory.connect()
    const { keys } = await auth.login('alice')
    const bearer = keys.directoryBearer
    const ask = () => call.requestChat({ username: 'bob', nonce: Buffer.from(bytesOf('nonce', 16)) }, { bearer })
    expect((await rejection(ask())).code).to.equal('ERR_NOT_ONLINE')
    await fill()
    let answer = await rejection(ask())
    while (answer.code === 'ERR_NOT_ONLINE') answer = await rejection(ask())
    expect([answer.code, answer.message]).to.deep.equal([FULL, "the server's disk is full"])
    expect((await rejection(call.getPresence({ username: 'bob' }, { bearer }))).code).to.equal(FULL)
    await free()
    while (answer.code === FULL) answer = await rejection(ask())
    expect(answer.code).to.equal('ERR_NOT_ONLINE')
  })
})
