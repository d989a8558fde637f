import { createServer } from 'node:net'
import { expect } from 'chai'
import { AuthServiceService } from '#gen/sotto/auth/v1/auth_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { isServing } from '#lib/rpc/standard/health-check.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { fetchCertificateAuthority } from '#lib/runtime/tls.ts'
import { ServiceChild } from '../../../cli/up/child.ts'
import { FREE_PORTS, type Services, type SupervisorOptions, startServices } from '../../../cli/up/supervisor.ts'
import { WaitingNotice } from '../../../clients/command/waiting-notice.ts'
import { environmentOf } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const never = new AbortController().signal

describe('startServices', function () {
  this.timeout(300_000)
  let home: TemporaryFolder

  beforeEach(async () => {
    home = await temporaryFolder()
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const start = async (
    changes: Record<string, string> = {},
    options: Partial<SupervisorOptions> = {},
  ): Promise<Services> => {
    const env = environmentOf(home.path, { ...FREE_PORTS, SOTTO_LOG_LEVEL: 'silent', ...changes })
    return await startServices({ env, signal: never, ...options })
  }

  it('starts both on free ports, returns their addresses, stops them, and starts again over the same data', async () => {
    const first = await start()
    const authorityPem = await fetchCertificateAuthority(first.authAddress, first.caFingerprint)
    const targets = [
      { address: first.authAddress, security: { authorityPem, role: 'auth.sotto' } },
      { address: first.directoryAddress, security: { authorityPem, role: 'directory.sotto' } },
    ] as const
    for (const target of targets) expect(await isServing(target)).to.equal(true)
    const client = connect(AuthServiceService, targets[0])
    const info = await client.call.getServerInfo({})
    client.close()
    expect(info.directoryAddress).to.equal(first.directoryAddress.replace('127.0.0.1', ''))
    await first.stop()
    for (const target of targets) expect((await rejection(isServing(target))).code).to.equal('ERR_UNAVAILABLE')
    const second = await start()
    expect(second.caFingerprint).to.equal(first.caFingerprint)
    await second.stop()
  })

  it('waits no longer for a service than it may take, and says for which', async () => {
    const auth = new ServiceChild('auth', environmentOf(home.path, { ...FREE_PORTS, SOTTO_LOG_LEVEL: 'silent' }))
    const { code, message } = await rejection(auth.untilUp(never, 1))
    expect([code, message]).to.deep.equal(['ERR_UNAVAILABLE', 'auth is not up after 0.001 seconds'])
    await auth.stop().catch(() => undefined)
  })

  it('says for which service it waits while one takes long to start, until both are up', async () => {
    const told: string[] = []
    let isOver = false
    const schedule: Schedule = (_afterMs, task) => {
      queueMicrotask(task)
      return {
        cancel: () => {
          isOver = true
        },
      }
    }
    const waiting = new WaitingNotice({ isWatched: true, notice: (text) => told.push(text), schedule })
    const services = await start({}, { waiting })
    await services.stop()
    expect([told, isOver]).to.deep.equal([['waiting for auth to start; Ctrl-C gives up'], true])
  })

  it('names the setting that is wrong', async () => {
    const refused = await rejection(start({ SOTTO_DIRECTORY_PORT: 'seven' }))
    expect(refused.code).to.equal('ERR_CONFIG')
    expect(refused.message).to.include('SOTTO_DIRECTORY_PORT')
  })

  for (const setting of ['SOTTO_SEALING_PORT', 'SOTTO_DIRECTORY_PORT']) {
    it(`names the port when ${setting} is taken`, async () => {
      const port = await freePort()
      const holder = createServer().listen(port, '127.0.0.1')
      const refused = await rejection(start({ [setting]: String(port) }))
      holder.close()
      expect(refused.code).to.equal('ERR_CONFIG')
      expect(refused.message).to.include(String(port))
    })
  }

  it('aborts the start on a signal', async () => {
    const abort = new AbortController()
    const starting = start({}, { signal: abort.signal }).catch((error: unknown) => error)
    abort.abort(new Error('told so'))
    expect(await starting).to.equal(abort.signal.reason)
  })
})
