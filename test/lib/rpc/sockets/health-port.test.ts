import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { type HealthPort, startHealthPort } from '#lib/rpc/sockets/health-port.ts'
import { ROOT } from '../../../support/environment.ts'
import { rejection } from '../../../support/rejection.ts'

/** What a container asks: the command line of docker-compose.yml, as YAML folds it. */
const [, folded = ''] = /- >-\n((?: {8}.*\n)+)/.exec(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) ?? []
const QUESTION = folded
  .trim()
  .replace(/\s*\n\s*/g, ' ')
  .replaceAll('$$', '$')

describe('startHealthPort', () => {
  let isServing = true
  let health: HealthPort
  before(async () => {
    health = await startHealthPort({ port: 0, isServing: () => isServing })
  })
  after(() => health.stop())
  afterEach(() => {
    isServing = true
  })

  it('answers with 200 while the service serves, and with 503 while it does not', async () => {
    const ask = async () => {
      const response = await fetch(`http://127.0.0.1:${health.port}/`)
      return [response.status, await response.text()]
    }
    expect(await ask()).to.deep.equal([200, 'serving\n'])
    isServing = false
    expect(await ask()).to.deep.equal([503, 'not serving\n'])
  })

  it('answers the health check of a container, which is a shell', async () => {
    expect(QUESTION).to.include('/7021')
    const codeOf = async (port: number) => {
      const child = execFile('bash', ['-c', QUESTION.replace('/7021', `/${port}`)])
      const [code] = await once(child, 'exit')
      return code
    }
    expect(await codeOf(health.port)).to.equal(0)
    isServing = false
    expect(await codeOf(health.port)).to.equal(1)
    expect(await codeOf(1)).to.equal(1)
  })

  it('says that its port is taken', async () => {
    const error = await rejection(startHealthPort({ port: health.port, isServing: () => true }))
    expect(error.code).to.equal('ERR_CONFIG')
  })

  it('does not wait for callers that say nothing when it stops', async () => {
    const other = await startHealthPort({ port: 0, isServing: () => true })
    const silent = connect(other.port, '127.0.0.1').on('error', () => {})
    await once(silent, 'connect')
    await other.stop()
    silent.destroy()
  })
})
