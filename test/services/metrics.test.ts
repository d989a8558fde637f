import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { CUTS, type CutEvent } from '#lib/runtime/metrics/cut-events.ts'
import { serveMetrics } from '#lib/runtime/metrics/metrics.ts'
import { type RunningDoor, startDoor } from '../../services/door/start.ts'
import { Enrolled } from '../support/enrolled.ts'
import { ROOT } from '../support/environment.ts'
import { rejection } from '../support/rejection.ts'
import { AuthUnderTest } from '../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../support/running-directory.ts'
import { RelayUnderTest } from '../support/running-relay.ts'
import { testLog } from '../support/test-log.ts'

const METRICS = { host: '127.0.0.1', port: 0 }

describe('the metrics of the services', () => {
  let auth: AuthUnderTest
  let directory: DirectoryUnderTest
  let relay: RelayUnderTest
  let door: RunningDoor

  before(async () => {
    auth = await AuthUnderTest.start({ config: { metrics: METRICS } })
    directory = await DirectoryUnderTest.start(auth, { config: { metrics: METRICS } })
    relay = await RelayUnderTest.start(auth, { config: { metrics: METRICS } })
    const services = new Map([['auth', auth.running.address]] as const)
    const connections = { most: 10, mostPerAddress: 10 }
    const own = { listen: METRICS, services, connections, healthPort: undefined, metrics: METRICS }
    door = await startDoor({ ...own, logLevel: 'silent' }, testLog())
    await auth.addUser('alice', "alice's password")
  })
  after(async () => {
    await door.stop()
    await relay[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
    await auth[Symbol.asyncDispose]()
  })

  type Measured = { readonly running: { readonly metricsAddress: string | undefined } }
  const get = (of: Measured, path = '/metrics', method = 'GET') =>
    fetch(`http://${of.running.metricsAddress}${path}`, { method })
  const metrics = async (of: Measured) => await (await get(of)).text()

  it('count calls by method, status and reason, and time them', async () => {
    await auth.login('alice')
    await rejection(auth.login('alice', { password: 'wrong' }))
    const text = await metrics(auth)
    const login = 'method="sotto.auth.v1.AuthService/Login"'
    expect(text).to.include(`sotto_calls_total{${login},status="OK",reason=""} 1\n`)
    expect(text).to.include(`sotto_calls_total{${login},status="UNAUTHENTICATED",reason="ERR_LOGIN_REFUSED"} 1\n`)
    expect(text).to.include(`sotto_call_seconds_count{${login}} 2\n`)
    expect(text).to.match(/^sotto_sign_ins_waiting 0$/m)
    expect(text).to.match(/^sotto_certificate_days_left 36[45]\.?\d*$/m)
    expect(text).to.match(/^process_resident_memory_bytes \d+$/m)
  })

  it('tell codes that lacked from codes that were wrong', async () => {
    await auth.addUser('bob', "bob's password")
    const enrolled = await Enrolled.begin(auth, 'bob', auth.clock)
    await rejection(auth.login('bob'))
    await rejection(auth.login('bob', { code: enrolled.wrongCode() }))
    const text = await metrics(auth)
    for (const reason of ['ERR_CODE_REQUIRED', 'ERR_CODE_REFUSED']) {
      const login = `method="sotto.auth.v1.AuthService/Login",status="UNAUTHENTICATED",reason="${reason}"`
      expect(text).to.include(`sotto_calls_total{${login}} 1\n`)
    }
  })

  it('tell how many are online, and no name of anybody', async () => {
    const session = await auth.login('alice')
    const { announcement } = await OpenAnnouncement.begin(directory.connect(), session)
    const text = await metrics(directory)
    expect(text)
      .to.match(/^sotto_online 1$/m)
      .and.match(/^sotto_watches 0$/m)
    expect(text).not.to.include('alice')
    announcement.cancel()
  })

  it('tell what the relay carries and keeps', async () => {
    const text = await metrics(relay)
    for (const name of ['attending', 'joined_calls', 'carried_bytes', 'letters', 'letter_bytes'])
      expect(text).to.match(new RegExp(`^sotto_${name} 0$`, 'm'))
    expect(text).to.match(/^sotto_certificate_days_left 36[45]\.?\d*$/m)
  })

  it('have all other figures where one cannot be had', async () => {
    const broken = async () => {
      throw new Error('no database')
    }
    const gauges = [
      { name: 'broken', help: 'Never there.', read: broken },
      { name: 'whole', help: 'Always there.', read: () => 7 },
    ]
    await using running = await serveMetrics(METRICS, gauges)
    const text = await metrics({ running: { metricsAddress: running.address } })
    expect(text)
      .to.match(/^sotto_broken Nan$/m)
      .and.match(/^sotto_whole 7$/m)
  })

  it('count the connections that were cut, by reason and network, but no network by name that comes late', async () => {
    const cut = (network: string) => CUTS.publish({ reason: 'pings', network } satisfies CutEvent)
    for (let number = 0; number < 70; number += 1) cut(`192.0.2.${number}`)
    cut('192.0.2.0')
    const text = await metrics(auth)
    expect(text).to.include('sotto_cut_total{reason="pings",network="192.0.2.0"} 2\n')
    expect(text).to.include('sotto_cut_total{reason="pings",network="others"} 6\n')
    expect(text).not.to.include('192.0.2.64')
  })

  it('are at one path, to be read', async () => {
    const answers = [await get(auth, '/'), await get(auth, '/metrics?x'), await get(auth, '/metrics', 'POST')]
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 404, 404])
  })

  it('are at no port unless one is set, and a port that is taken is named', async () => {
    await using quiet = await AuthUnderTest.start()
    expect(quiet.running.metricsAddress).to.equal(undefined)
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const { code, message } = await rejection(AuthUnderTest.start({ config: { metrics: { ...METRICS, port } } }))
    taken.close()
    expect([code, message]).to.deep.equal(['ERR_CONFIG', `cannot listen at 127.0.0.1:${port} for metrics`])
  })

  for (const file of ['dashboard.json', 'alerts.yml']) {
    it(`have every name that ${file} asks for`, async () => {
      const text = await readFile(join(ROOT, 'docs', 'monitoring', file), 'utf8')
      const named = text.match(/\b(?:sotto|nodejs|process)_[a-z0-9_]+/g) ?? []
      expect(named).to.have.length.above(4)
      const known = (await Promise.all([auth, directory, relay, { running: door }].map(metrics))).join('')
      expect([...new Set(named)].filter((name) => !known.includes(name))).to.deep.equal([])
    })
  }
})
