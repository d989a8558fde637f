/**
 * The commands of the README, typed in its order, as somebody would who follows it on one machine without containers.
 * Only two things are translated: `npm ci` has been done, and `docker compose exec auth` is not needed.
 */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { stepsOf } from '../../support/document.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { freePort } from '../../support/free-port.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO_COMMAND } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { hasTmux, Tmux } from '../../support/tmux.ts'

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const PASSWORD = 'correct horse battery staple'

/** What is typed: every line of every block of commands, without its comment. */
const COMMANDS = stepsOf(README).flatMap(({ commands }) => commands.split('\n').map(translated))

function translated(line: string): string {
  const [, command = line, comment = ''] = /^(.*?)(?: {2,}# (.*))?$/.exec(line) ?? []
  const [, instead] = /^or, without containers: (.*)/.exec(comment) ?? []
  return (instead ?? command).replace('npm ci && ', '').replace('docker compose exec auth ', '')
}

describe('README.md', function () {
  this.timeout(30_000)
  let folder: TemporaryFolder
  let env: NodeJS.ProcessEnv
  let services: TestProcess | undefined
  const terminals: Tmux[] = []
  /** Bob's link; alice's is the first that is made. */
  let bobsLink = ''
  let alicesLink = ''

  before(async () => {
    folder = await temporaryFolder()
    // What the install does, but for the bundle (test/system/host/release.test.ts).
    const bin = join(folder.path, 'bin')
    await mkdir(bin)
    await symlink(SOTTO_COMMAND, join(bin, 'sotto'))
    const names = ['SOTTO_AUTH_PORT', 'SOTTO_DIRECTORY_PORT', 'SOTTO_SEALING_PORT']
    const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())]))
    const settings = { SOTTO_AUTH_ADMIN_PORT: '0', SOTTO_DIRECTORY_ADMIN_PORT: '0', ...Object.fromEntries(ports) }
    env = environmentOf(join(folder.path, 'home'), settings)
    // Accepted files come to ~/Downloads.
    env['HOME'] = folder.path
    env['PATH'] = `${bin}:${env['PATH']}`
  })
  after(async () => {
    for (const terminal of terminals) await terminal.close()
    await services?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  /** In the clone, where npm is to run; elsewhere in a folder where a file may be left. */
  const start = (command: string, input?: string) => {
    const cwd = command.startsWith('npm ') ? ROOT : folder.path
    return new TestProcess('sh', ['-c', command], { env, cwd, detached: true, input })
  }

  async function run(command: string, input?: string): Promise<TestProcess> {
    const running = start(command, input)
    expect(await running.ended, running.errors.text).to.equal(0)
    return running
  }

  /** On a terminal, where something is typed once it is there. */
  async function runOnTerminal(command: string, question: RegExp, answer = ''): Promise<Tmux> {
    const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? '']))
    // tmux gives its own PATH to what it runs.
    const script = `PATH='${env['PATH']}'; ${command}; echo "ended with $?"; cat`
    const terminal = await Tmux.open(['sh', '-c', script], { columns: 100, rows: 30, env: variables })
    terminals.push(terminal)
    await terminal.until((rows) => rows.some((row) => question.test(row)))
    if (answer === '') return terminal
    await terminal.type(answer)
    await terminal.press('Enter')
    return terminal
  }

  const isDone = (rows: string[]) => rows.at(-1) === 'ended with 0'

  /** How each command is run; the first that fits. */
  const RUNS: ReadonlyArray<readonly [command: RegExp, run: (command: string) => Promise<unknown>]> = [
    [/^npm (test|run test:system|run check|run generate|run bench|run release)$/, async () => {}],
    [
      /^npm run demo$/,
      async (command) => {
        const demo = await run(command)
        const shown = demo.errors.text.split('\n').map(withoutChance)
        const promised = /^```\n( ④[^`]*)^```$/m.exec(README)?.[1]?.trimEnd().split('\n').map(withoutChance) ?? []
        expect(promised.length).to.be.greaterThan(20)
        expect(promised.filter((line) => !shown.includes(line))).to.deep.equal([])
      },
    ],
    [
      /^npm start$/,
      async (command) => {
        services = start(command)
        await services.untilStderr('What to type next')
      },
    ],
    [
      /^sotto admin invite alice$/,
      async (command) => {
        const { output } = await run(command)
        alicesLink = output.text.trim()
        // "The same for bob."
        bobsLink = (await run(command.replace('alice', 'bob'))).output.text.trim()
      },
    ],
    [
      /^sotto join$/,
      async (command) => {
        await run(command, `${alicesLink}\n${PASSWORD}\n`)
        // "Add `--profile bob` to all that bob types."
        const bob = await runOnTerminal(`${command} --profile bob`, /^the invite's link:/, bobsLink)
        for (const question of [/^a password of your own for bob:/, /^a password of your own for bob, again:/]) {
          await bob.until((rows) => rows.some((row) => question.test(row)))
          await bob.type(PASSWORD)
          await bob.press('Enter')
        }
        await bob.until(isDone)
        await terminals.pop()?.close()
      },
    ],
    [
      /^sotto chat$/,
      async (command) => {
        await runOnTerminal(`${command} --profile bob`, /online; \/help/)
      },
    ],
    [
      /^sotto send bob 'Hello'$/,
      async (command) => {
        await run(command)
        await terminals[0]?.until((rows) => rows.some((row) => row.endsWith(' alice: Hello')))
      },
    ],
    [/^sotto chat bob$/, (command) => run(command, 'the eighth word of eight\n')],
    [
      // "Without --open it prints a link."
      /^sotto web --open$/,
      async (command) => {
        await using page = start(command.replace(' --open', ''))
        await page.output.until((text) => /^http:\/\/127\.0\.0\.1:\d+\/#\S+\n$/.test(text))
      },
    ],
    [
      /^sotto send bob --file /,
      async (command) => {
        await mkdir(join(folder.path, 'photos'))
        for (const file of ['notes.txt', 'photos/one']) await writeFile(join(folder.path, file), 'some of it\n')
        await using alice = start(command)
        const [bob] = terminals
        await bob?.until((rows) => rows.some((row) => row.includes('photos/ with 1 file, 11 B, offered')))
        await bob?.type('/accept all')
        await bob?.press('Enter')
        expect(await alice.ended, alice.errors.text).to.equal(0)
        expect(await readFile(join(folder.path, 'Downloads', 'photos', 'one'), 'utf8')).to.equal('some of it\n')
      },
    ],
    [
      /^sotto forget bob$/,
      async (command) => {
        const terminal = await runOnTerminal(command, /bob.*\?/, 'yes')
        await terminal.until(isDone)
      },
    ],
    [/^sotto password$/, (command) => run(command, `${PASSWORD}\nanother ${PASSWORD}\n`)],
    [
      /^sotto passphrase$/,
      async (command) => {
        await run(command, 'a passphrase of the reader\n')
        const file = join(folder.path, 'passphrase')
        await writeFile(file, 'a passphrase of the reader\n')
        env['SOTTO_PASSPHRASE_FILE'] = file
      },
    ],
    [
      /^sotto receive --exec /,
      async (command) => {
        await writeFile(join(folder.path, 'answer'), '#!/bin/sh\ncat\n', { mode: 0o755 })
        await using bot = start(command)
        await bot.untilStderr('online as')
      },
    ],
    [/\bsotto /, (command) => run(command)],
  ]

  if (!hasTmux()) it('is followed to its end where tmux 3.2 or later is installed')
  for (const command of COMMANDS) {
    it(`does not promise too much: ${command}`, async function () {
      // Without a terminal nobody can sign in as it says.
      if (!hasTmux() && /\bsotto (?!admin|--help)/.test(command)) return this.skip()
      const runs = RUNS.find(([pattern]) => pattern.test(command))?.[1]
      if (runs === undefined) throw new Error('nothing here says how to run it')
      await runs(command)
    })
  }

  it('has shown on one terminal what was sent from the other', async function () {
    if (!hasTmux()) return this.skip()
    const rows = (await terminals[0]?.history())?.map((row) => row.replace(/^\d\d:\d\d +/, '')) ?? []
    expect(rows).to.include.members(['alice: Hello', 'alice: See you at eight?', 'alice: home', 'alice: hello'])
  })
})

/** A line of the trace without what is drawn by chance or told by the machine. */
function withoutChance(line: string): string {
  return line
    .replace(/[0-9a-f]{16}…/, '…')
    .replace(/fingerprint [0-9a-f]{8}/, 'fingerprint')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'a time')
    .replace(/127\.0\.0\.1:\d+/, 'an address')
    .replace(/· [\d,]+ bytes/, 'bytes')
    .trimEnd()
}
