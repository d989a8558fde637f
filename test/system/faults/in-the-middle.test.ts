/** An adversary between `sotto send` and `sotto receive`, who changes what passes. */
import { expect } from 'chai'
import type { Welcome } from '#gen/sotto/peer/v1/handshake.ts'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { connectPeer } from '../../support/admitted-caller.ts'
import { BareCaller } from '../../support/bare-caller.ts'
import { Deployment, type Receiver } from '../../support/deployment.ts'
import { freePort } from '../../support/free-port.ts'
import { type Converse, type PeerServer, peerServer } from '../../support/peer-server.ts'
import { flipByte, WELCOME_TAMPERINGS } from '../../support/tampered-conversation.ts'

const DONE = 0
const UNREACHABLE = 3

/** How many Hellos a sender sends in one attempt. */
const HELLOS = 3

/** The changes to one conversation. */
interface Plan {
  readonly welcome?: (welcome: Welcome) => Welcome
  /** The number, from 0, of the record that is changed on its way from the sender, and below from the receiver. */
  readonly recordOfSender?: number
  readonly recordOfReceiver?: number
}

describe('an adversary between sotto send and sotto receive', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let bob: Receiver
  let bobPort: number
  let middle: PeerServer
  /** The changes to the next conversations, in order; those after the last pass unchanged. */
  let plans: Plan[] = []

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob')
    middle = await peerServer(relay)
    bobPort = await freePort()
    const listen = ['--listen', `127.0.0.1:${bobPort}`, '--advertise', `127.0.0.1:${middle.server.port}`]
    bob = await deployment.receive('bob', listen)
  })
  after(async () => {
    await middle?.[Symbol.asyncDispose]()
    await deployment[Symbol.asyncDispose]()
  })

  const relay: Converse = async (stream) => {
    const plan = plans.shift() ?? {}
    const connection = connectPeer(bobPort)
    const caller = BareCaller.on(connection)
    const there = async () => {
      const change = changer<ConverseRequest>(plan, plan.recordOfSender)
      for await (const message of stream.messages) await caller.send(change(message))
    }
    const back = async () => {
      const change = changer<ConverseResponse>(plan, plan.recordOfReceiver)
      for (;;) await stream.send(change(await caller.next()))
    }
    try {
      // The receiver ends the stream, in order or not; the sender may send its last record before.
      await Promise.all([there(), back()])
    } finally {
      connection.close()
    }
  }

  function changer<T extends ConverseRequest | ConverseResponse>({ welcome }: Plan, target: number | undefined) {
    let records = 0
    return (carried: T): T => {
      const { message } = carried
      if (message?.$case === 'welcome' && welcome) {
        return { ...carried, message: { $case: 'welcome', value: welcome(message.value) } }
      }
      if (message?.$case !== 'record' || records++ !== target) return carried
      return { ...carried, message: { $case: 'record', value: flipByte(message.value, -1) } }
    }
  }

  const send = (...texts: readonly string[]) =>
    deployment.run(['send', 'bob', '--profile', 'alice'], { input: texts.map((text) => `${text}\n`).join('') })

  it('gains nothing by another Welcome than the receiver’s', async () => {
    const batches = Array.from({ length: WELCOME_TAMPERINGS.length / HELLOS }, (_, n) => n * HELLOS)
    for (const from of batches) {
      plans = WELCOME_TAMPERINGS.slice(from, from + HELLOS).map((welcome) => ({ welcome }))
      const { code, errors } = await send('never said')
      expect([code, plans], errors).to.deep.equal([UNREACHABLE, []])
      expect(errors).not.to.match(/^\s+at /m)
      expect(errors.trimEnd().split('\n').at(-1)).to.match(/^sotto: (?!.*\(ERR_\w+\)$)/)
    }
    expect((await send('then said')).code).to.equal(DONE)
    await bob.process.untilStdout('then said\n')
  })

  it('makes both ends start again by changing a record, with nothing lost and nothing twice', async () => {
    // A sender sends Resume, texts and Close, a receiver Resume, an acknowledgement and Close, and then no more.
    const attacks: Plan[][] = [
      [{ recordOfSender: 0 }, { recordOfReceiver: 0 }, { recordOfSender: 1 }, { recordOfReceiver: 1 }],
      [{ recordOfSender: 2 }],
      [{ recordOfReceiver: 2 }],
    ]
    let shown = bob.process.output.text
    for (const [n, attack] of attacks.entries()) {
      plans = [...attack]
      const texts = ['one', 'two', 'three'].map((text) => `${text} through attack ${n}`)
      const { code, errors } = await send(...texts)
      expect([code, plans.length], errors).to.deep.equal([DONE, 0])
      shown += texts.map((text) => `${text}\n`).join('')
      await bob.process.untilStdout(shown)
    }
  })
})
