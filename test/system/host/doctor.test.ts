import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Finding } from '../../../cli/doctor/finding.ts'
import { removeUser } from '../../../services/auth/admin.ts'
import { readConfig } from '../../../services/auth/config.ts'
import { Deployment } from '../../support/deployment.ts'
import { freePort } from '../../support/free-port.ts'

const [EXIT_USAGE, EXIT_UNREACHABLE, EXIT_LOGIN] = [2, 3, 4]

describe('sotto doctor and sotto admin status', () => {
  let services: Deployment
  before(async () => {
    services = await Deployment.start({ SOTTO_AUTH_METRICS_PORT: String(await freePort()) })
    await services.signUp('alice', 'bob')
  })
  after(() => services[Symbol.asyncDispose]())

  async function examine(...args: string[]) {
    const { code, output, errors } = await services.run(['doctor', '--json', ...args])
    const findings = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Finding)
    return { code, errors, findings, faults: findings.filter(({ state }) => state === 'fault') }
  }

  it('finds nothing wrong where nothing is, for a member and on the host', async () => {
    const { code, faults, findings } = await examine('--profile', 'alice')
    expect(faults).to.deep.equal([])
    expect(code).to.equal(0)
    const subjects = findings.map(({ about }) => about)
    expect(subjects).to.include.members(['disk', 'database', 'auth here', 'directory here', 'profile', 'certificate'])
    expect(subjects).to.include.members(['auth', 'clock', 'session', 'directory', 'port', 'addresses'])
  })

  it('says it in words, with what to do about each fault', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const args = ['doctor', '--profile', 'alice', '--listen', `127.0.0.1:${port}`]
      const { code, output, errors } = await services.run(args)
      expect(code).to.equal(EXIT_USAGE)
      expect(output).to.match(/^FAULT port: .*another program has that port \(ERR_CONFIG\)\n {6}-> name another/m)
      expect(errors).to.equal('sotto: one thing is wrong\n')
    } finally {
      server.close()
    }
  })

  it('looks at a host that is no member, and says what a member has to do who has no session', async () => {
    expect((await examine()).faults).to.deep.equal([])
    await removeUser(readConfig(services.env), systemClock, 'bob')
    const { code, faults } = await examine('--profile', 'bob')
    expect([code, faults.map(({ code }) => code)]).to.deep.equal([
      EXIT_LOGIN,
      ['ERR_SESSION_ENDED', 'ERR_SESSION_ENDED'],
    ])
    expect(faults[0]?.todo).to.include('sotto login bob')
  })

  it('shows the installation on one screen', async () => {
    const { code, output } = await services.run(['admin', 'status'])
    expect(code).to.equal(0)
    expect(output).to.match(
      /^accounts: +1, of which 0 disabled, 0 with a second factor\ninvites: +0 open\nsessions: +1\nsign-ins: +0 waiting\n/,
    )
    expect(output).to.match(
      /^certificates: +auth 36\d days, authority 36\d\d days\nwrapping key: +is there\nauth: +serves\ndirectory: +serves\nrelay: +left out\ndoor: +left out\n$/m,
    )
    const { database, services: states } = JSON.parse((await services.run(['admin', 'status', '--json'])).output)
    expect(states).to.deep.equal({ auth: 'serves', directory: 'serves', relay: 'left out', door: 'left out' })
    expect(database).to.have.property('bytes').that.is.greaterThan(4_096)
  })

  it('names the services that are away', async () => {
    await services.endService('directory')
    const { code, faults } = await examine('--profile', 'alice')
    expect([code, faults.map(({ about }) => about)]).to.deep.equal([EXIT_UNREACHABLE, ['directory here', 'directory']])
    const { code: statusCode, output } = await services.run(['admin', 'status'])
    expect(statusCode).to.equal(0)
    expect(output).to.match(/^directory: +nobody answers at localhost:\d+ \(ERR_UNAVAILABLE\)$/m)
  })
})
