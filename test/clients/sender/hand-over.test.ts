import { Readable } from 'node:stream'
import { expect } from 'chai'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('send beside a messenger', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (name: string) => MessengerUnderTest.start(installation, name)

  it('hands over, and ends when all is acknowledged', async () => {
    await using alice = await start('alice')
    await using bob = await start('bob')
    await installation.send('alice', 'bob', 'by the way').done
    await installation.send('alice', 'bob', Readable.from([Buffer.from('one\ntwo\nthree\n')])).done
    expect(bob.received).to.deep.equal(['by the way', 'one', 'two', 'three'].map((text) => `alice: ${text}`))
    expect(await alice.texts('bob')).to.deep.equal(['by the way', 'one', 'two', 'three'])
    await bob.messenger.enqueue('alice', 'to the messenger')
    await alice.until(() => alice.received.includes('bob: to the messenger'))
  })

  it('sends what stands before a line that cannot be sent', async () => {
    await using _ = await start('alice')
    await using bob = await start('bob')
    const lines = Buffer.concat([Buffer.from('good\n'), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('never\n')])
    const error = await rejection(installation.send('alice', 'bob', Readable.from([lines])).done)
    expect(error.code).to.equal('ERR_INVALID_UTF8')
    expect(bob.received).to.deep.equal(['alice: good'])
  })

  it('keeps nothing for somebody offline, unless it is told to', async () => {
    await using alice = await start('alice')
    const error = await rejection(installation.send('alice', 'bob', 'now or never').done)
    expect([error.code, alice.waitingFor('bob')]).to.deep.equal(['ERR_NOT_ONLINE', 0])
    await installation.send('alice', 'bob', 'when you are back', { queue: true }).done
    expect(alice.waitingFor('bob')).to.equal(1)
    await using bob = await start('bob')
    await bob.until(() => bob.received.length > 0)
    expect(bob.received).to.deep.equal(['alice: when you are back'])
  })

  it('leaves what is queued to the next messenger where none runs', async () => {
    const run = installation.send('alice', 'bob', Readable.from([Buffer.from('one\ntwo\n')]), { queue: true })
    await run.done
    expect(run.errors.text).to.include('2 messages wait for bob')
    await using bob = await start('bob')
    await using alice = await start('alice')
    await alice.untilDelivered('bob')
    expect(bob.received).to.deep.equal(['alice: one', 'alice: two'])
  })

  it('refuses to queue for who does not exist', async () => {
    const error = await rejection(installation.send('alice', 'nobody', 'hello', { queue: true }).done)
    expect(error.code).to.equal('ERR_NO_SUCH_USER')
  })
})
