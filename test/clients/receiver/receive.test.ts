import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Writable } from 'node:stream'
import { expect } from 'chai'
import { setBlocked } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { STORE_FILE } from '../../../clients/store/open-store.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { MessengerUnderTest } from '../../support/running-messenger.ts'

describe('receive', function () {
  this.timeout(15_000)
  let installation: Installation
  before(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  after(() => installation[Symbol.asyncDispose]())

  it('shows again, with the same id, what it stored and its output did not take', async () => {
    const failing = new FailingStream()
    const first = await installation.receive('bob', { json: true, output: failing })
    await installation.send('alice', 'bob', 'once more').done
    expect((await rejection(first.done)).code).to.equal('ERR_OUTPUT')
    await using second = await installation.receive('bob', { json: true })
    await second.output.until((text) => text.endsWith('\n'))
    const [lost, shown] = [failing.text, second.output.text].map((text) => JSON.parse(text))
    expect([shown.text, shown.id]).to.deep.equal(['once more', lost.id])
  })

  it('shows first what a chat has left unread', async () => {
    {
      await using bob = await MessengerUnderTest.start(installation, 'bob')
      await installation.send('alice', 'bob', 'unread').done
      expect(bob.received).to.deep.equal(['alice: unread'])
    }
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'the next').done
    await bob.output.until((text) => text === 'unread\nthe next\n')
    await bob.stop()
    await using again = await installation.receive('bob')
    await installation.send('alice', 'bob', 'and the last').done
    await again.output.until((text) => text === 'and the last\n')
  })

  it('ends a conversation with somebody who is blocked in the middle of it', async () => {
    await using bob = await installation.receive('bob')
    await using alice = await MessengerUnderTest.start(installation, 'alice')
    await alice.messenger.enqueue('bob', 'still here')
    await bob.output.until((text) => text === 'still here\n')
    const elsewhere = await Profile.open(installation.home.path, 'bob')
    await setBlocked(elsewhere, 'alice', true)
    await bob.errors.until((text) => text.includes('alice has left'))
    await alice.messenger.enqueue('bob', 'let me in')
    await setBlocked(elsewhere, 'alice', false)
    await bob.output.until((text) => text === 'still here\nlet me in\n')
  })

  it('ends, and says why, when its store is changed from outside', async () => {
    await installation.signUp('carol')
    await using carol = await installation.receive('carol')
    await installation.send('alice', 'carol', 'hello').done
    await carol.output.until((text) => text === 'hello\n')
    using database = new DatabaseSync(join(installation.home.path, 'profiles', 'carol', STORE_FILE))
    database.exec('update contact set sealed = zeroblob(200)')
    expect((await rejection(carol.done)).code).to.equal('ERR_STORE_DAMAGED')
  })
})

/** Standard output that breaks with the first bytes. */
class FailingStream extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error: Error) => void): void {
    this.text += chunk.toString()
    done(new Error('broken'))
  }
}
