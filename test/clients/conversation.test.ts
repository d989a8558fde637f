import { Readable } from 'node:stream'
import { expect } from 'chai'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { Installation } from '../support/installation.ts'
import { rejection } from '../support/rejection.ts'

describe('a conversation between two clients', () => {
  let installation: Installation
  before(async () => {
    installation = await Installation.start()
    await installation.signUp('alice')
    await installation.signUp('bob')
  })
  after(() => installation[Symbol.asyncDispose]())

  it('carries one message', async () => {
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'hello')
    await alice.done
    expect(bob.output.text).to.equal('hello\n')
  })

  it('carries bytes as they are, from pipe to pipe', async () => {
    const input = 'plain\n\n\u001b[2Jescape\r\n\ufeffmarked\0\n🙂 and עברית\n'
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', Readable.from([Buffer.from(input)]))
    await alice.done
    expect(bob.output.text).to.equal(input)
  })

  it('carries 10,000 lines', async () => {
    const input = Array.from({ length: 10_000 }, (_, n) => `line ${n} ${'x'.repeat(n % 100)}\n`).join('')
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', Readable.from([Buffer.from(input)]))
    await alice.done
    expect(bob.output.text === input).to.equal(true)
  })

  it('carries texts of 0 bytes and of 1 MiB', async () => {
    const large = 'x'.repeat(MAX_TEXT_BYTES)
    await using bob = await installation.receive('bob')
    for (const text of ['', large]) await installation.send('alice', 'bob', text).done
    expect(bob.output.text === `\n${large}\n`).to.equal(true)
  })

  it('refuses a byte more before anything is sent', async () => {
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'x'.repeat(MAX_TEXT_BYTES + 1))
    expect((await rejection(alice.done)).code).to.equal('ERR_MESSAGE_TOO_LARGE')
    expect(bob.output.text).to.equal('')
  })
})
