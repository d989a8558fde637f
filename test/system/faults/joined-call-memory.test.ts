/** What a joined call makes the relay hold, at most, where neither end reads and both send. */
import { readFile } from 'node:fs/promises'
import type http2 from 'node:http2'
import { expect } from 'chai'
import { AnswerRequest, CallRequest } from '#gen/sotto/relay/v1/relay_service.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Secret } from '#lib/secret.ts'
import { relayTarget } from '../../../clients/peer/relay/relay-link.ts'
import { RelayService } from '../../../clients/peer/relay/relay-service.ts'
import { Deployment } from '../../support/deployment.ts'
import { framed } from '../../support/raw-call.ts'
import { beginAs, connectFrom, seen, type Target } from '../../support/unfinished-requests.ts'

/** How many calls are joined: what is measured of all has little to do with chance then. */
const CALLS = 50

/** A message of nearly the largest size, in bytes, and how many each end sends that nobody reads. */
const [MESSAGE_BYTES, MESSAGES] = [66 * 1024, 20]

/** What a call may make the relay hold, in bytes; 252 KiB were measured. */
const LIMIT_BYTES = 256 * 1024

/** On SIGUSR2, have the process say how much memory its buffers hold, in bytes: what is left when no more of it turns out to be garbage. */
const TELL_MEMORY = `
  import v8 from 'node:v8'
  import vm from 'node:vm'
  v8.setFlagsFromString('--expose-gc')
  const gc = vm.runInNewContext('gc')
  process.on('SIGUSR2', async () => {
    let [least, same] = [Infinity, 0]
    while (same < 5) {
      gc()
      await new Promise((resolve) => setTimeout(resolve, 50))
      const { arrayBuffers } = process.memoryUsage()
      same = arrayBuffers < least ? 0 : same + 1
      least = Math.min(least, arrayBuffers)
    }
    process.stderr.write('held: ' + least + '\\n')
  })
`

describe('a joined call that both ends send over and neither reads', function () {
  this.timeout(120_000)
  let deployment: Deployment
  const sessions: http2.ClientHttp2Session[] = []

  before(async () => {
    deployment = await Deployment.start({
      SOTTO_RELAY: 'on',
      SOTTO_RELAY_BYTES_PER_SECOND: '1000000000000',
      SOTTO_RELAY_RATE_PER_ACCOUNT: '100',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL_MEMORY)}`,
    })
    await deployment.signUp('alice', 'bob')
  })
  after(async () => {
    for (const session of sessions) session.destroy()
    await deployment[Symbol.asyncDispose]()
  })

  /** What the relay holds now, in bytes. */
  async function held(): Promise<number> {
    const relay = deployment.service('relay')
    const lines = () => relay.errors.text.match(/^held: \d+$/gm) ?? []
    const told = lines().length
    relay.signal('SIGUSR2')
    await relay.errors.until(() => lines().length > told)
    return Number(lines().at(-1)?.slice('held: '.length))
  }

  it(`makes the relay hold no more than ${LIMIT_BYTES / 1024} KiB`, async () => {
    const [alice, bob] = [(await deployment.profile('alice')).login, (await deployment.profile('bob')).login]
    const bearers = [alice, bob].map(({ session }) => session.keys.relayBearer as Secret) as [Secret, Secret]
    const ca = await readFile(deployment.caFile, 'utf8')
    const target = (method: string): Target => ({
      address: deployment.relayAddress,
      ca,
      path: `/sotto.relay.v1.RelayService/${method}`,
    })
    /** Begin a stream over a connection of its own. */
    const begin = (method: string, bearer: Secret, first: Uint8Array): http2.ClientHttp2Stream => {
      const session = connectFrom('127.0.0.1', target(method))
      sessions.push(session)
      const stream = beginAs(session, target(method), bearer)
      stream.write(framed(first))
      return stream
    }
    const attending = connect(RelayService, relayTarget(bob.account, deployment.relayAddress))
    const events = attending.call.attend({}, { bearer: bearers[1] })[Symbol.asyncIterator]()
    const nextId = async (): Promise<Buffer> => {
      const event = (await events.next()).value?.event
      return event?.$case === 'mail' || event === undefined ? Buffer.alloc(0) : event.value
    }
    const attendanceId = await nextId()
    const streams: http2.ClientHttp2Stream[] = []
    const join = async () => {
      const call = CallRequest.encode({ message: { $case: 'attendanceId', value: attendanceId } }).finish()
      const caller = begin('Call', bearers[0], call)
      const answer = AnswerRequest.encode({ message: { $case: 'callId', value: await nextId() } }).finish()
      streams.push(caller, begin('Answer', bearers[1], answer))
      // The relay says that it is joined; from then on nothing is read.
      await new Promise((resolve) => caller.once('data', resolve))
      caller.pause()
    }
    while (streams.length < 2 * CALLS) await join()
    const idle = await held()
    const request = framed(
      CallRequest.encode({ message: { $case: 'request', value: Buffer.alloc(MESSAGE_BYTES) } }).finish(),
    )
    for (const stream of streams) for (let n = 0; n < MESSAGES; n += 1) stream.write(request)
    // A ping comes back behind what went before it, as far as the windows have let that go.
    for (let n = 0; n < 5; n += 1) await Promise.all(sessions.map(seen))
    const full = await held()
    attending.close()
    expect((full - idle) / CALLS).to.be.within(LIMIT_BYTES / 4, LIMIT_BYTES)
  })
})
