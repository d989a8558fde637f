/** The programs on a terminal with a user: what they show, ask for, and restore in the end. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'
import type { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { hasTmux, Tmux } from '../../support/tmux.ts'

const PASSWORD = 'seen by nobody at all'

describe('on a terminal', function () {
  if (!hasTmux()) {
    it('needs tmux 3.2 or later')
    return
  }

  this.timeout(300_000)
  let deployment: Deployment
  let terminal: Tmux | undefined

  before(async () => {
    deployment = await Deployment.start()
    await deployment.signUp('alice', 'bob', 'carol')
  })
  afterEach(async () => {
    await terminal?.close()
    terminal = undefined
  })
  after(() => deployment[Symbol.asyncDispose]())

  /** A terminal where a shell runs sotto, prints its exit code and the state of the terminal, and waits. */
  async function open(...args: readonly string[]): Promise<Tmux> {
    const sotto = [process.execPath, SOTTO, ...args].map((word) => `'${word}'`).join(' ')
    // Ctrl-C is for sotto alone, and the shell goes on.
    const script = `trap : INT; ${sotto}; echo "ended with $?"; stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(echo|icanon|isig)' | paste -sd ' '; cat`
    const env = Object.fromEntries(Object.entries(deployment.env).map(([name, value]) => [name, value ?? '']))
    terminal = await Tmux.open(['sh', '-c', script], { columns: 90, rows: 24, env })
    return terminal
  }

  /** Check that sotto has ended, and that the terminal is restored. */
  async function expectEnd(tmux: Tmux, code: number): Promise<string[]> {
    const rows = await tmux.until((screen) => screen.some((row) => /icanon|isig/.test(row)))
    expect(rows.slice(-2)).to.deep.equal([`ended with ${code}`, 'isig icanon echo'])
    return rows
  }

  /** A sender that sends what the test writes, and shows the answers. */
  const send = (from: string, to: string): TestProcess =>
    deployment.sotto(['send', to, '--profile', from], { input: 'open' })

  for (const [service, command] of [
    ['auth', 'login alice --profile alice'],
    ['auth', 'logout --profile alice'],
    ['directory', 'receive --profile alice'],
  ] as const) {
    it(`says for what it waits: sotto ${command}`, async () => {
      deployment.service(service).signal('SIGSTOP')
      try {
        const tmux = await open(...command.split(' '))
        const what = service === 'auth' ? 'auth' : 'the directory'
        await tmux.until((screen) => screen.join('\n').includes(`waiting for ${what}; Ctrl-C gives up`))
        await tmux.press('C-c')
        await tmux.until((screen) => screen.some((row) => row.endsWith('ended with 130')))
      } finally {
        deployment.service(service).signal('SIGCONT')
      }
    })
  }

  describe('sotto login', () => {
    const login = () => [
      'login',
      'dave',
      '--profile',
      'dave',
      '--server',
      deployment.authAddress,
      '--ca',
      deployment.caFile,
    ]

    it('shows nothing of the password that is typed', async () => {
      const added = await deployment.run(['admin', 'add-user', 'dave'], { input: PASSWORD })
      expect(added.code, added.errors).to.equal(0)
      const tmux = await open(...login())
      await tmux.until((screen) => screen.join('\n').includes('password for dave:'))
      await tmux.type(PASSWORD)
      await tmux.press('Enter')
      const rows = await expectEnd(tmux, 0)
      expect(rows.join('\n')).to.include('signed in as dave')
      expect((await tmux.history()).join('\n')).not.to.match(/seen|by|nobody at/)
    })

    it('restores the terminal on Ctrl-C', async () => {
      const tmux = await open(...login())
      await tmux.until((screen) => screen.join('\n').includes('password for dave:'))
      await tmux.press('C-c')
      await expectEnd(tmux, 130)
    })
  })

  describe('sotto passphrase', () => {
    const asking = (question: string) => (rows: string[]) => rows.at(-1)?.endsWith(question) === true
    const keyFile = () => readFile(join(deployment.home.path, 'profiles', 'erin', 'profile.key'))

    it('shows nothing of what is typed, and has it typed twice', async () => {
      const tmux = await open('passphrase', '--profile', 'erin')
      await tmux.until(asking('new passphrase for the profile erin:'))
      await tmux.type(PASSWORD)
      await tmux.press('Enter')
      await tmux.until(asking('new passphrase for the profile erin, again:'))
      await tmux.type(PASSWORD)
      await tmux.press('Enter')
      await expectEnd(tmux, 0)
      expect((await tmux.history()).join('\n')).not.to.match(/seen|nobody at/)
    })

    it('is asked for by a command, and again where it was mistyped', async () => {
      const tmux = await open('contacts', '--profile', 'erin')
      await tmux.until(asking('passphrase for the profile erin:'))
      await tmux.type('something else')
      await tmux.press('Enter')
      // While the first is being tried, which takes a while.
      await tmux.type(PASSWORD)
      await tmux.press('Enter')
      const rows = await expectEnd(tmux, 0)
      expect(rows).to.include('that is wrong; passphrase for the profile erin:')
      expect((await tmux.history()).join('\n')).not.to.match(/something|seen|nobody at/)
    })

    it('is asked for once by a chat that signs in first', async () => {
      const added = await deployment.run(['admin', 'add-user', 'erin'], { input: PASSWORD })
      const [, account = ''] = /--login (erin@\S+)/.exec(added.errors) ?? []
      const tmux = await open('chat', '--profile', 'erin', '--login', account)
      for (const question of ['passphrase for the profile erin:', 'password for erin:']) {
        await tmux.until(asking(question))
        await tmux.type(PASSWORD)
        await tmux.press('Enter')
      }
      await tmux.until((rows) => rows.some((row) => row.includes('online; /help')))
      await tmux.press('C-d')
      await expectEnd(tmux, 0)
    })

    it('changes nothing on Ctrl-C, and restores the terminal', async () => {
      const before = await keyFile()
      const tmux = await open('passphrase', '--profile', 'erin')
      await tmux.until(asking('passphrase for the profile erin:'))
      await tmux.type(PASSWORD)
      await tmux.press('Enter')
      await tmux.until(asking('new passphrase for the profile erin:'))
      await tmux.type('half of')
      await tmux.press('C-c')
      await expectEnd(tmux, 130)
      expect(await keyFile()).to.deep.equal(before)
    })
  })

  describe('sotto receive', () => {
    async function receive(): Promise<Tmux> {
      const tmux = await open('receive', '--profile', 'bob', '--listen', '127.0.0.1')
      await tmux.until((screen) => screen.some((row) => row.includes('online as bob')))
      return tmux
    }

    const shows = (row: string) => (screen: string[]) => screen.includes(row)

    it('answers whoever wrote last, or whom a line names', async () => {
      const tmux = await receive()
      const [alice, carol] = [send('alice', 'bob'), send('carol', 'bob')]
      alice.input.write('hello from alice\n')
      await tmux.until(shows('alice: hello from alice'))
      carol.input.write('hello from carol\n')
      await tmux.until(shows('carol: hello from carol'))
      await tmux.type('good to hear')
      await tmux.press('Enter')
      await carol.untilStdout('good to hear\n')
      await tmux.type('@alice and you?')
      await tmux.press('Enter')
      await alice.untilStdout('and you?\n')
      await tmux.type('still you')
      await tmux.press('Enter')
      await alice.untilStdout('and you?\nstill you\n')
      for (const sender of [alice, carol]) {
        sender.input.end()
        expect(await sender.ended).to.equal(0)
      }
    })

    it('shows escape sequences as text, which neither move the cursor nor set a title', async () => {
      const tmux = await receive()
      const title = await tmux.ask('#{pane_title}')
      const evil = '\u001b]0;owned\u0007\u001b[2J\u001b[H\u001b[31mred\rover\u009b1m\u202etxt'
      expect((await deployment.run(['send', 'bob', '--profile', 'alice'], { input: evil })).code).to.equal(0)
      const rows = await tmux.until((screen) => screen.some((row) => row.startsWith('alice: ')))
      expect(rows).to.include('alice: \\e]0;owned\\x07\\e[2J\\e[H\\e[31mred\\rover\\x9b1m\\u{202e}txt')
      expect(rows.some((row) => row.includes('online as bob'))).to.equal(true)
      expect(await tmux.ask('#{pane_title}')).to.equal(title)
    })

    it('keeps a line that is being typed below what comes', async () => {
      const tmux = await receive()
      await tmux.type('half a li')
      await tmux.until((screen) => screen.at(-1) === '> half a li')
      expect((await deployment.run(['send', 'bob', 'meanwhile', '--profile', 'alice'])).code).to.equal(0)
      const rows = await tmux.until(shows('alice: meanwhile'))
      expect(rows.at(-1)).to.equal('> half a li')
    })

    it('restores the terminal on Ctrl-C and on Ctrl-D', async () => {
      const interrupted = await receive()
      await interrupted.press('C-c')
      await expectEnd(interrupted, 130)
      await interrupted.close()
      const left = await receive()
      await left.press('C-d')
      await expectEnd(left, 0)
    })
  })

  describe('sotto demo', () => {
    const shows = (tmux: Tmux, text: string): Promise<string[]> =>
      tmux.until((screen) => screen.some((row) => row.includes(text)))

    it('shows a chat, with alice on one side of the window and bob on the other', async () => {
      const tmux = await open('demo', '--no-trace')
      await shows(tmux, 'you are alice; Ctrl-O makes you bob | bob is online')
      await tmux.type('good morning')
      await tmux.press('Enter')
      await shows(tmux, '✓✓  alice: good morning')
      await tmux.type('half a sen')
      await tmux.press('C-o')
      await shows(tmux, 'you are bob; Ctrl-O makes you alice | alice is online')
      await shows(tmux, '   alice: good morning')
      await tmux.type('and to you')
      await tmux.press('Enter')
      await tmux.press('C-o')
      await shows(tmux, 'bob: and to you')
      await shows(tmux, 'bob> half a sen')
      await tmux.resize(70, 20)
      await shows(tmux, 'bob> half a sen')
      await tmux.press('C-c')
      await tmux.press('C-d')
      await expectEnd(tmux, 0)
    })

    it('draws the five messages into the chat', async () => {
      const tmux = await open('demo')
      await shows(tmux, 'you are alice')
      await tmux.type('good morning')
      await tmux.press('Enter')
      await shows(tmux, '⑤  Record 0: Resume')
      await tmux.press('C-d')
      await expectEnd(tmux, 0)
      const said = (await tmux.history()).join('\n')
      for (const step of ['①', '②', '③', '④', '⑤']) expect(said).to.include(step)
    })
  })
})
