import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import type { StartReport } from '#lib/runtime/parent.ts'
import { programIn } from '../../support/programs.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Auth as a child process on free ports, with these settings besides; what it reports, and what it logs. */
function startProcess(home: string, settings: Record<string, string> = {}) {
  const child = fork(programIn('services/auth'), {
    env: { SOTTO_HOME: home, SOTTO_AUTH_PORT: '0', SOTTO_SEALING_PORT: '0', SOTTO_AUTH_ADMIN_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8')
  })
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, log }))
  const reported = once(child, 'message').then(([report]) => report as StartReport)
  return { child, exited, reported }
}

describe('the process of auth', () => {
  it('says where it listens, and stops on a signal with exit code 0', async () => {
    await using home = await temporaryFolder()
    const { child, exited, reported } = startProcess(home.path)
    const report = await reported
    if (report.state !== 'ready') throw new Error(report.message)
    expect(Object.keys(report.addresses)).to.deep.equal(['auth', 'sealing', 'admin'])
    child.kill('SIGTERM')
    const { code, log } = await exited
    expect(code, log).to.equal(0)
    for (const line of log.trim().split('\n')) expect(JSON.parse(line)).to.include({ name: 'auth' })
  })

  it('says why it cannot start, with exit code 1', async () => {
    await using home = await temporaryFolder()
    const { exited, reported } = startProcess(home.path, { SOTTO_AUTH_PORT: 'seven', SOTTO_AUTH_LOGIN_QEUE: '1' })
    const report = await reported
    expect(report).to.include({ state: 'failed', code: 'ERR_CONFIG' })
    const { code, log } = await exited
    expect(code).to.equal(1)
    expect(log).to.include('SOTTO_AUTH_PORT').and.include('SOTTO_AUTH_LOGIN_QEUE')
    expect(log).not.to.include('stack')
  })

  it('says so where its folder cannot be made', async function () {
    // Only Linux has such a folder.
    if (!existsSync('/proc/self')) this.skip()
    const { exited, reported } = startProcess('/proc/sotto')
    expect(await reported).to.include({ state: 'failed', code: 'ERR_STORE' })
    const { code, log } = await exited
    expect([code, log.includes('stack')]).to.deep.equal([1, false])
  })
})
