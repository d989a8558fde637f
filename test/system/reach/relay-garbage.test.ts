import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { AttendResponse } from '#gen/sotto/relay/v1/relay_service.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Secret } from '#lib/secret.ts'
import { relayTarget } from '../../../clients/peer/relay/relay-link.ts'
import { RelayService } from '../../../clients/peer/relay/relay-service.ts'
import { callThroughRelay, type RelayConnection } from '../../../clients/peer/relay/relayed-call.ts'
import { Deployment } from '../../support/deployment.ts'

/** Said by a service as it ends: how often it has looked through all its memory for garbage. */
const COUNT_COLLECTIONS = `
  import { constants, PerformanceObserver } from 'node:perf_hooks'
  let count = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) count += detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR ? 1 : 0
  })
  observer.observe({ entryTypes: ['gc'] })
  process.on('exit', () => process.stderr.write('collections: ' + count + '\\n'))
`

/** A record of nearly the largest size, in bytes, and how many are carried. */
const [RECORD_BYTES, RECORDS] = [60_000, 4_000]

/**
 * How often the relay may look through all of its memory meanwhile. Never, as measured; without its option of Node.js it was
 * 3 to 35 times.
 */
const MOST_COLLECTIONS = 2

describe('a relay that carries much', () => {
  const connections: RelayConnection[] = []
  const { signal } = new AbortController()
  let deployment: Deployment

  before(async () => {
    deployment = await Deployment.start({
      SOTTO_RELAY: 'on',
      SOTTO_RELAY_BYTES_PER_SECOND: '1000000000000',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(COUNT_COLLECTIONS)}`,
    })
    await deployment.signUp('alice', 'bob')
  })
  after(async () => {
    for (const connection of connections) connection.close()
    await deployment[Symbol.asyncDispose]()
  })

  async function connectAs(name: string) {
    const { account, session } = (await deployment.profile(name)).login
    const connection = connect(RelayService, relayTarget(account, deployment.relayAddress))
    connections.push(connection)
    return { connection, options: { bearer: session.keys.relayBearer as Secret, signal } }
  }

  it('seldom stops to look through its memory for garbage', async function () {
    this.timeout(300_000)
    const [alice, bob] = [await connectAs('alice'), await connectAs('bob')]
    const events = bob.connection.call.attend({}, bob.options)[Symbol.asyncIterator]()
    const nextId = async () => {
      const { event } = (await events.next()).value as AttendResponse
      return event?.$case === 'mail' ? Buffer.alloc(0) : (event?.value ?? Buffer.alloc(0))
    }
    const calling = callThroughRelay(alice.connection, await nextId(), alice.options)
    const answerer = bob.connection.call.answer(bob.options)
    await answerer.send(await nextId())
    const caller = await calling
    const value = randomBytes(RECORD_BYTES)
    const sending = (async () => {
      for (let n = 0; n < RECORDS; n += 1) await caller.send({ message: { $case: 'record', value } })
    })()
    for (let n = 0; n < RECORDS; n += 1) expect((await answerer.messages.next()).done).to.equal(false)
    await sending
    const relay = deployment.service('relay')
    await deployment.endService('relay')
    const [, count] = /^collections: (\d+)$/m.exec(relay.errors.text) ?? []
    expect(Number(count)).to.be.at.most(MOST_COLLECTIONS)
  })
})
