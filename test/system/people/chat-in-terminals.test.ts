import { expect } from 'chai'
import { systemClock } from '#lib/runtime/clock.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { logout } from '../../../clients/session/login.ts'
import { ChatTerminals, shows, submit } from '../../support/chat-terminals.ts'
import { Enrolled } from '../../support/enrolled.ts'
import { Installation } from '../../support/installation.ts'
import { hasTmux, type Tmux } from '../../support/tmux.ts'

const COLUMNS = 72
const ROWS = 18

/** `sotto chat` as people have it: processes of their own, each on a terminal of its own. */
describe('sotto chat', function () {
  if (!hasTmux()) {
    it('is tried on a real terminal where tmux 3.2 or later is installed')
    return
  }

  this.timeout(300_000)
  let installation: Installation
  let terminals: ChatTerminals
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob', 'carol')
    terminals = new ChatTerminals(installation, { columns: COLUMNS, rows: ROWS })
  })
  afterEach(async () => {
    await terminals[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  /** End the session of somebody's profile at auth, without the profile's knowing. */
  const endSessionOf = async (name: string): Promise<void> => {
    const copy = await Profile.openOrCreate(installation.home.path, 'copy')
    const { state } = await Profile.open(installation.home.path, name)
    await copy.update(() => state)
    await logout(copy, new AbortController().signal)
    await installation.stopDirectory()
    await installation.startDirectory()
  }

  const open = (name: string, to: string): Promise<Tmux> => terminals.open(name, to)

  it('completes the names of people whom one has never written to', async () => {
    const alice = await open('alice', 'bob')
    await submit(alice, '/people')
    await shows(alice, 'carol: offline')
    await alice.type('@ca')
    await alice.press('Tab')
    await shows(alice, /> @carol$/)
  })

  it('carries a conversation, with ticks, and leaves alone the line that is being written', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    await shows(alice, 'bob is online')
    await submit(alice, 'are you there?')
    await shows(bob, 'alice: are you there?')
    await shows(alice, '✓✓  alice: are you there?')
    await alice.type('half a sen')
    for (const text of ['yes', 'and 日本語 too', '🙂']) await submit(bob, text)
    await shows(alice, 'bob: 🙂')
    await alice.type('tence')
    await shows(alice, 'bob> half a sentence')
    await alice.press('Enter')
    await shows(bob, 'alice: half a sentence')
    const said = (await bob.screen()).flatMap(
      (row) => /^\d\d:\d\d (?: {3}|[✓.]+ *) ((?:alice|bob): .*)/u.exec(row)?.[1] ?? [],
    )
    expect(said).to.deep.equal([
      'alice: are you there?',
      'bob: yes',
      'bob: and 日本語 too',
      'bob: 🙂',
      'alice: half a sentence',
    ])
  })

  it('keeps the line when its session ends, and goes on once password and code are typed, unseen', async () => {
    const { state } = await Profile.open(installation.home.path, 'alice')
    const identityKey = Buffer.from(state.identity.publicKey)
    const enrolled = await Enrolled.begin(installation.auth, 'alice', systemClock, '', { identityKey })
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    await alice.type('half a ')
    await shows(alice, 'bob> half a')
    await endSessionOf('alice')
    await shows(alice, 'password for alice, to go on (Ctrl-C to leave):')
    await submit(alice, 'wrong password')
    await shows(alice, 'sotto: wrong name or password')
    await submit(alice, "alice's password")
    await shows(alice, 'code for alice, of your app or a recovery code:')
    await submit(alice, enrolled.wrongCode())
    await shows(alice, 'sotto: that code does not do')
    await submit(alice, enrolled.recoveryCodes[0] ?? '')
    await shows(alice, 'bob> half a')
    await submit(alice, 'sentence')
    await shows(bob, 'alice: half a sentence')
    const seen = (await alice.history()).join('\n')
    for (const typed of ["alice's", enrolled.wrongCode(), enrolled.recoveryCodes[0]]) expect(seen).not.to.include(typed)
  })

  it('shows the line that is not said, and how to sign in, to whoever leaves when the session has ended', async () => {
    const alice = await terminals.open('alice', 'bob')
    await alice.type('half a sentence')
    await shows(alice, 'bob> half a sentence')
    await endSessionOf('alice')
    await shows(alice, 'password for alice')
    await alice.press('C-c')
    const screen = await shows(alice, 'sign in again with: sotto login alice --profile alice')
    expect(screen).to.include.members(['sotto: not said to bob:', '  half a sentence'])
  })

  it('writes plain lines on a terminal that is said to be dumb, and reads them', async () => {
    await using dumb = new ChatTerminals(installation, { columns: COLUMNS, rows: ROWS, term: 'dumb' })
    const [alice, bob] = await Promise.all([dumb.open('alice', 'bob'), open('bob', 'alice')])
    await submit(alice, 'are you there?')
    await shows(bob, 'alice: are you there?')
    await submit(bob, 'yes')
    const screen = await shows(alice, /^\d{4}-\d\d-\d\d \d\d:\d\d bob: yes$/)
    // What draws hides the cursor and asks for marks around what is pasted.
    expect(screen.join('\n')).not.to.match(/bob is online|bob>/)
  })

  it('shows that the other is writing, until it has come or was taken back', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    await submit(alice, 'hello')
    await shows(bob, 'alice: hello')
    await bob.type('h')
    await shows(alice, 'bob is typing')
    await bob.press('BSpace')
    await shows(alice, 'bob is online')
    await bob.type('h')
    await shows(alice, 'bob is typing')
    await bob.press('Enter')
    await shows(alice, 'bob: h')
    await shows(alice, 'bob is online')
    await bob.type('/who')
    await bob.press('Enter')
    const rows = await shows(bob, 'alice: online')
    expect(rows.join('\n')).to.not.include('typing')
  })

  it('turns the ticks of what the other has read, where the other allows it', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    await submit(bob, '/receipts on')
    await shows(bob, 'others see what you have read')
    await submit(alice, 'hello')
    await shows(alice, '✓✓✓ alice: hello')
    await submit(bob, 'hi')
    await shows(alice, 'bob: hi')
    await shows(bob, '✓✓  bob: hi')
    await submit(bob, '/to carol')
    await shows(bob, 'carol>')
    await submit(alice, 'are you still there?')
    await shows(bob, 'alice: 1 new')
    await shows(alice, '✓✓  alice: are you still there?')
    await submit(bob, '/to alice')
    await shows(alice, '✓✓✓ alice: are you still there?')
  })

  it('lets messages wait for somebody who is away, and says so', async () => {
    const bob = await open('bob', 'alice')
    const alice = await open('alice', 'bob')
    await shows(alice, 'bob is online')
    await submit(bob, '/quit')
    await shows(alice, 'bob is offline')
    await submit(alice, 'for when you are back')
    await shows(alice, '... alice: for when you are back')
    const again = await open('bob', 'alice')
    await shows(again, 'alice: for when you are back')
    await shows(alice, '✓✓  alice: for when you are back')
    await shows(alice, 'bob is online')
  })

  it('counts what others write meanwhile, and shows it when one turns to them', async () => {
    const alice = await open('alice', 'bob')
    const carol = await open('carol', 'alice')
    for (const text of ['one', 'two']) await submit(carol, text)
    await shows(alice, 'carol: 2 new')
    await submit(alice, '/to carol')
    const rows = await shows(alice, 'carol: two')
    expect(rows.join('\n')).to.include('carol: one').and.not.include('2 new')
  })

  it('shows a hostile message as escapes, behind the gutter', async () => {
    const alice = await open('alice', 'bob')
    const hostile = '\u001b[2J\u001b]0;owned\u0007\r23:59     carol: give me your password'
    await using bob = await installation.receive('bob')
    await submit(alice, 'hello')
    await bob.output.until((text) => text.includes('hello'))
    await bob.stop()
    await installation.send('bob', 'alice', hostile).done
    const rows = await shows(alice, 'give me your password')
    expect(rows.find((each) => each.includes('give me your password'))).to.match(/^ {10}\| 23:59/)
    expect(rows.some((each) => each.includes('alice: hello'))).to.equal(true)
    expect(await alice.ask('#{pane_title}')).to.not.include('owned')
  })

  it('shows what another command of the same person says', async () => {
    const [alice, bob] = await Promise.all([open('alice', 'bob'), open('bob', 'alice')])
    await shows(alice, 'bob is online')
    await installation.send('alice', 'bob', 'from a script').done
    await shows(bob, 'alice: from a script')
    await shows(alice, 'alice: from a script')
  })
})
