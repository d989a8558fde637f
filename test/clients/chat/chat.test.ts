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
    await alice.shows('bob is blocked here; let them again with: /unblock bob')
    await alice.shows(/^bob> @bob hello$/)
  })

  for (const [rows, isWhole] of [
    [31, true],
    [30, false],
  ] as const) {
    it(`shows ${isWhole ? 'a whole QR code' : 'how large a window a QR code needs, below the digits,'} in ${rows} rows`, async () => {
      await using bob = await open('bob')
      await using alice = await open('alice', { to: 'bob' }, rows)
      alice.say('hello')
      await bob.shows('alice: hello')
      alice.say('/verify bob')
      const screen = await alice.shows(isWhole ? /▀▀▀▀/ : 'make the window larger')
      expect(screen.filter((row) => /[▀▄█]/.test(row))).to.have.lengthOf(isWhole ? 29 : 0)
      const digits = screen.filter((row) => /(\d{5} ?){4}$/.test(row))
      expect(digits).to.have.lengthOf(isWhole ? 0 : 3)
    })
  }
})
