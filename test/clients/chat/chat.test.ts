import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import type { ChatOptions } from '../../../clients/chat/chat.ts'
import { setBlocked } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { createCalendar } from '../../../clients/terminal/calendar.ts'
import { ChatAtDesk } from '../../support/chat-at-desk.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'

describe('chat', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob', 'carol', 'dave')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const open = (name: string, options?: Partial<ChatOptions>, rows?: number): Promise<ChatAtDesk> =>
    ChatAtDesk.open(installation, name, options, rows)

  it('gives back a text that nobody is there for', async () => {
    await using alice = await open('alice')
    alice.submit('is anybody there?')
    await alice.shows('nobody is there to say it to')
    expect(await alice.shows(/^> is anybody/)).to.include('> is anybody there?')
  })

  it('gives back a text for somebody who is blocked, addressed as it was', async () => {
    await setBlocked(await Profile.open(installation.home.path, 'alice'), 'bob', true)
    await using alice = await open('alice')
    alice.submit('@bob hello')
    await alice.shows('bob is blocked here; let them again with: /unblock bob')
    await alice.shows(/^bob> @bob hello$/)
  })

  it('begins while the services are away, keeps what is said, and goes online when they are back', async () => {
    await using bob = await open('bob', { to: 'alice' })
    {
      await using before = await open('alice', { to: 'bob' })
      before.submit('hello')
      await bob.shows('alice: hello')
    }
    await installation.stopDirectory()
    await using alice = new ChatAtDesk(installation, 'alice', { to: 'bob' })
    await alice.shows('and this is being tried again')
    alice.submit('are you there?')
    await alice.shows('... alice: are you there?')
    await installation.startDirectory()
    await bob.shows('alice: are you there?')
    await alice.shows('online; /help')
  })

  it('says so where nobody can be asked whether there is somebody, and begins with them once it can be asked', async () => {
    await installation.stopDirectory()
    await using alice = new ChatAtDesk(installation, 'alice', { to: 'bob' })
    await alice.shows('bob: the directory cannot be asked now')
    alice.submit('hello')
    await alice.shows('nobody is there to say it to')
    await alice.shows(/^> hello$/)
    await installation.startDirectory()
    await alice.shows(/^bob> hello$/)
  })

  it('stays with whom one talks where a name is nobody’s or one’s own, and gives back what was typed for it', async () => {
    await using bob = await open('bob')
    await using alice = await open('alice', { to: 'bob' })
    await alice.shows(/^bob>$/)
    alice.submit('/to alice')
    await alice.shows('alice: that is your own name')
    alice.submit('@nosuch are you there?')
    await alice.shows(/^bob> @nosuch are you there\?$/)
    alice.type('\u0003')
    // The line behind it is typed before the directory has answered.
    alice.type('/to nosuch\rfor nosuch alone\r')
    await alice.shows('this was meant for nosuch')
    await alice.shows(/^bob> for nosuch alone$/)
    alice.type('\u0003')
    alice.submit('for bob')
    await bob.shows('alice: for bob')
    expect((await bob.shows('alice: for bob')).join('\n')).not.to.include('nosuch')
    alice.submit('/who')
    expect(plain(await alice.shows(/bob: online,( direct,)? key/)).join('\n')).not.to.match(
      /(nosuch|alice): (online|offline)/,
    )
  })

  it('ends where it is to begin with one’s own name', async () => {
    await using alice = new ChatAtDesk(installation, 'alice', { to: 'alice' })
    expect((await rejection(alice.done)).code).to.equal('ERR_CHAT_WITH_SELF')
  })

  it('goes on to each who has written, from an empty line, and names them in the status and to /who', async () => {
    await using alice = await open('alice')
    await using bob = await open('bob', { to: 'alice' })
    await using carol = await open('carol', { to: 'alice' })
    alice.submit('/to dave')
    await alice.shows(/^dave>$/)
    bob.submit('from bob')
    await alice.shows('bob: 1 new')
    carol.submit('from carol')
    await alice.shows('carol: 1 new')
    alice.submit('/who')
    await alice.shows(/bob: online, direct, key pinned, 1 new$/)
    alice.type('half\u001ba')
    await alice.shows('what stands on the line would go to somebody else')
    await alice.shows(/^dave> half$/)
    alice.type('\u0003\u001ba')
    await alice.shows(/^bob>$/)
    await alice.shows('bob: from bob')
    alice.submit('/next')
    await alice.shows(/^carol>$/)
    alice.type('\u001ba')
    await alice.shows('nobody else has written')
  })

  it('says who one is, before anything was said', async () => {
    await using alice = await open('alice', { to: 'bob' })
    await alice.shows(/^alice \| bob is offline$/)
  })

  for (const [rows, isWhole] of [
    [31, true],
    [30, false],
  ] as const) {
    it(`shows ${isWhole ? 'a whole QR code' : 'how large a window a QR code needs, below the digits,'} in ${rows} rows`, async () => {
      await using bob = await open('bob')
      await using alice = await open('alice', { to: 'bob' }, rows)
      alice.submit('hello')
      await bob.shows('alice: hello')
      alice.submit('/verify bob')
      const screen = await alice.shows(isWhole ? /█{57}/ : 'make the window larger')
      expect(screen.filter((row) => /[▀▄█]/.test(row))).to.have.lengthOf(isWhole ? 29 : 0)
      const digits = screen.filter((row) => /(\d{5} ?){4}$/.test(row))
      expect(digits).to.have.lengthOf(isWhole ? 0 : 3)
    })
  }

  it('takes whom one talks with where a command names nobody', async () => {
    await using bob = await open('bob')
    await using alice = await open('alice', { to: 'bob' })
    alice.submit('hello')
    await bob.shows('alice: hello')
    alice.submit('/trust')
    await alice.shows('the key of bob has not changed')
    alice.submit('/verify')
    await alice.shows('bob is not verified')
    await alice.shows('if bob sees the same, on a screen that you trust: /verified bob')
    alice.submit('/verified')
    await alice.shows('bob is verified')
  })

  it('says on the way out what waits', async () => {
    await using alice = await open('alice', { to: 'bob', welcome: 'say something to bob' })
    await alice.shows(/ \* {2}say something to bob$/)
    alice.submit('one')
    alice.submit('two')
    await alice.shows('... alice: two')
    alice.submit('/quit')
    await alice.done
    expect(plain(alice.terminal.screen).at(-1)).to.equal('2 messages wait for bob; they go when you are both online')
  })

  it('leaves without a word where nothing waits', async () => {
    await using bob = await open('bob')
    await using alice = await open('alice', { to: 'bob' })
    alice.submit('one')
    await bob.shows('alice: one')
    await alice.shows('✓✓  alice: one')
    alice.submit('/quit')
    await alice.done
    expect(plain(alice.terminal.screen).filter((row) => row.includes('wait'))).to.deep.equal([])
  })

  it('keeps nothing for a name that nobody has', async () => {
    await using alice = await open('alice')
    alice.submit('@nosuch hello')
    await alice.shows('nosuch: there is no such user; check the name')
    await alice.shows(/^> @nosuch hello$/)
    alice.type('\u0003')
    alice.submit('/who')
    await alice.shows('nobody yet')
    await alice.shows(/^>$/)
  })

  it('forgets what has come to somebody only when it is told twice, and goes on from there', async () => {
    await using bob = await open('bob')
    await using alice = await open('alice', { to: 'bob' })
    alice.submit('hello')
    await alice.shows('✓✓  alice: hello')
    alice.submit('/forget bob')
    await alice.shows('/forget bob yes')
    alice.submit('/history')
    await alice.shows('end of the last message')
    alice.submit('/forget bob yes')
    await alice.shows('nothing is kept of a conversation with bob')
    alice.submit('@bob once more')
    await bob.shows('alice: once more')
    await alice.shows('✓✓  alice: once more')
    alice.submit('/history')
    expect(plain(await alice.shows('end of the last message'))).to.not.include('alice: hello')
  })

  it('shows when a message was written, and when it arrived, below a line that says that one was away', async () => {
    const DAY_MS = 86_400_000
    const behind = { ...systemClock, now: () => new Date(Date.now() - 3 * DAY_MS) }
    await using alice = await open('alice', { to: 'bob', clock: behind })
    alice.submit('see you at eight?')
    await alice.shows('... alice: see you')
    await using bob = await open('bob', { to: 'alice' })
    const screen = await bob.shows(/alice \(arrived 20\d\d-\d\d-\d\d \d\d:\d\d\): see you at eight\?$/)
    const row = screen.findIndex((each) => each.includes('see you at eight?'))
    expect(screen[row - 1]).to.equal('--- while you were away ---')
    const { dayOf } = createCalendar()
    expect(screen[row - 2]).to.equal(`--- ${dayOf(new Date(Date.now() - 3 * DAY_MS))} ---`)
  })

  it('shows a line before what was not read, with what went before it', async () => {
    await using alice = await open('alice', { to: 'bob' })
    {
      await using bob = await open('bob', { to: 'alice' })
      alice.submit('read')
      await bob.shows('alice: read')
    }
    await using bob = await open('bob', { to: 'carol' }, 40)
    for (let index = 1; index <= 22; index += 1) alice.submit(`unread ${index}`)
    await bob.shows('alice: 22 new')
    bob.submit('/to alice')
    const screen = plain(await bob.shows('unread 22'), /^(?:\d\d:\d\d .{4}|(?=---))(.*)/u)
    expect(screen.slice(-24, -21)).to.deep.equal(['alice: read', '--- while you were away ---', 'alice: unread 1'])
    bob.submit('/to carol')
    bob.submit('/to alice')
    alice.submit('and now')
    expect((await bob.shows('and now')).join('\n')).not.to.include('away')
  })

  it('shows a long message whole, part by part', async () => {
    await using bob = await open('bob', { to: 'alice' }, 120)
    await using alice = await open('alice', { to: 'bob' })
    const lines = Array.from({ length: 150 }, (_, index) => `line ${index}`)
    alice.type(`\u001b[200~${lines.join('\n')}\u001b[201~\r`)
    await bob.shows(/… cut: .* characters; \/show 1 shows it all$/)
    bob.submit('/show')
    await bob.shows(/\| line 89$/)
    await bob.shows(/characters more of 1: \/show$/)
    bob.submit('/show')
    await bob.shows(/\| line 149$/)
    await bob.shows('end of 1')
    bob.submit('/show 7')
    await bob.shows('there is no long message 7')
  })

  it('says where old messages begin and end', async () => {
    await using alice = await open('alice', { to: 'bob' })
    for (const text of ['one fish', 'two fish', 'three']) alice.submit(text)
    await alice.shows('alice: three')
    alice.submit('/history 2')
    expect(plain(await alice.shows('end of the last 2 messages')).slice(-4)).to.deep.equal([
      'the last 2 messages with bob:',
      'alice: two fish',
      'alice: three',
      'end of the last 2 messages',
    ])
    alice.submit('/search fish')
    expect(plain(await alice.shows('end of what was found')).slice(-4)).to.deep.equal([
      'found for: fish',
      'alice: one fish',
      'alice: two fish',
      'end of what was found: 2 messages',
    ])
  })
})

/** What entries say, without time and ticks. */
function plain(rows: readonly string[], pattern = /^\d\d:\d\d .{4}(.*)/u): string[] {
  return rows.flatMap((row) => pattern.exec(row)?.[1] ?? [])
}
