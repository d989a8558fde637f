import { expect } from 'chai'
import type { ChatOptions } from '../../../clients/chat/chat.ts'
import { setBlocked } from '../../../clients/peer/pins.ts'
import { Profile } from '../../../clients/peer/profile.ts'
import { ChatAtDesk } from '../../support/chat-at-desk.ts'
import { Installation } from '../../support/installation.ts'

describe('chat', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const open = (name: string, options?: Partial<ChatOptions>, rows?: number): Promise<ChatAtDesk> =>
    ChatAtDesk.open(installation, name, options, rows)

  it('gives back a text that nobody is there for', async () => {
    await using alice = await open('alice')
    alice.say('is anybody there?')
    await alice.shows('nobody is there to say it to')
    expect(await alice.shows(/^> is anybody/)).to.include('> is anybody there?')
  })

  it('gives back a text for somebody who is blocked, addressed as it was', async () => {
    await setBlocked(await Profile.open(installation.home.path, 'alice'), 'bob', true)
    await using alice = await open('alice')
    alice.say('@bob hello')
    await alice.shows('bob is blocked')
    await alice.shows(/^bob> @bob hello$/)
  })
})
