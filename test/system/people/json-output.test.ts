/** Every command that has --json writes JSON objects to standard output, and only that. */
import { realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Command } from 'commander'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import { sotto } from '../../../cli/program.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { permitWriting } from '../../support/permits.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { BOB_KEY } from '../../support/stores.ts'

/** Each command with --json, by its words; those of `files` have it from that. */
function commandsWithJson(command: Command, path: readonly string[] = [], inherited = false): string[] {
  const has = inherited || command.options.some(({ long }) => long === '--json')
  const own = has ? [path.join(' ')] : []
  return [...own, ...command.commands.flatMap((each) => commandsWithJson(each, [...path, each.name()], has))]
}

/** A step of a script: what is typed, and how many lines come of it at least. */
interface Step {
  readonly command: string
  readonly args?: readonly string[]
  readonly input?: string
  /** 1 unless set. */
  readonly lines?: number
  /** 0 unless set. */
  readonly code?: number
}

/** In an order in which each has something to say. */
const STEPS: readonly Step[] = [
  { command: 'send', args: ['bob', 'hello'] },
  { command: 'send', args: ['bob', '--file', 'offered', '--queue', '--timeout', '0'], code: 8 },
  { command: 'chat', input: '{"command":"who","ref":1}\n' },
  { command: 'files' },
  // Each answers another offer, of those that carol has made.
  { command: 'files accept', args: ['one', '--to', 'inbox'] },
  { command: 'files decline', args: ['two'] },
  { command: 'files cancel', args: ['three'] },
  { command: 'history' },
  { command: 'search', args: ['hello'] },
  { command: 'export' },
  { command: 'contacts' },
  { command: 'undeliverable' },
  { command: 'undeliverable again', args: ['aa'] },
  { command: 'undeliverable drop', args: ['bb'] },
  { command: 'verify', args: ['bob'] },
  { command: 'trust', args: ['bob'] },
  { command: 'block', args: ['bob'] },
  { command: 'unblock', args: ['bob'] },
  { command: 'forget', args: ['bob', '--yes'] },
  { command: 'receipts', args: ['on'] },
  { command: 'whoami' },
  { command: 'passphrase', args: ['--remove'] },
  { command: 'logout' },
  { command: 'login', args: ['alice', '--password-file', 'password'] },
  { command: 'people' },
  { command: 'doctor', lines: 10 },
  { command: 'sessions' },
  { command: 'sessions end', args: ['--others'] },
  { command: 'second-factor' },
  { command: 'second-factor on', input: "alice's password\n000000\n", code: 4 },
  { command: 'second-factor recovery-codes', args: ['--password-file', 'password'], lines: 0, code: 4 },
  { command: 'second-factor off', args: ['--password-file', 'password'] },
  { command: 'password', args: ['--password-file', 'password', '--new-password-file', 'new-password'] },
  { command: 'admin invite', args: ['dave'] },
  { command: 'admin invites' },
  { command: 'admin list-users' },
  { command: 'admin reset-password', args: ['bob'] },
  { command: 'admin audit', lines: 10 },
  { command: 'admin status' },
  { command: 'join', args: ['link', '--profile', 'erin', '--password-file', 'password'] },
  // It goes on until it is ended; nothing has come.
  { command: 'receive', args: ['--listen', '127.0.0.1'], lines: 0 },
  // Its five messages go to standard error; what bob hears is JSON.
  { command: 'demo', args: ['--no-trace'], input: 'hello\n' },
]

/** The commands of which some words stand for what is known only when all runs. */
const HAS_STAND_INS = /^(?:files |join$)/

describe('what --json writes', function () {
  this.timeout(300_000)
  let installation: Installation
  let folder: string
  before(async () => {
    installation = await Installation.start('bob', 'carol')
    await installation.auth.addUser('alice', "alice's password")
    writeForFormerKey(await installation.signIn('alice', { profile: 'default' }))
    folder = await realpath(installation.home.path)
    for (const name of ['offered', 'one', 'two', 'three']) await writeFile(join(folder, name), name)
    await writeFile(join(folder, 'password'), "alice's password\n")
    await writeFile(join(folder, 'new-password'), "alice's other password\n")
  })
  after(() => installation[Symbol.asyncDispose]())

  /** Two messages that wait for a key that bob does not have, with the ids aa… and bb…. */
  function writeForFormerKey({ storage }: Profile): void {
    const events = [0xaa, 0xbb].map((id) => {
      return encodeTextEvent({ eventId: Buffer.alloc(16, id), writtenAt: new Date(0), body: Buffer.from('old') })
    })
    const store = openStore(storage.folder, { profileKey: storage.key })
    store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), events)
    store.close()
  }

  const start = ({ command, args = [], input }: Step) => {
    const words = [SOTTO, ...command.split(' '), ...args, '--json']
    // The host's own commands are about the services' data.
    const home = command.startsWith('admin ') ? installation.auth.folder.path : folder
    const env = environmentOf(home, { HOME: folder })
    return new TestProcess(process.execPath, words, { env, cwd: folder, input })
  }

  it('is looked at here for every command that has it', () => {
    const tried = new Set(STEPS.map(({ command }) => command))
    expect([...tried].sort()).to.deep.equal(commandsWithJson(sotto()).sort())
  })

  /** @returns the link of an invite. */
  async function invite(name: string): Promise<string> {
    const { output } = await outcomeOf(start({ command: 'admin invite', args: [name] }))
    return JSON.parse(output).link
  }

  /** Carol offers three files, whose ids take the place of their names. */
  async function offers(): Promise<ReadonlyMap<string, string>> {
    await using alice = start({ command: 'receive', args: ['--listen', '127.0.0.1'] })
    await alice.untilStderr('online as alice')
    const files = ['one', 'two', 'three'].map((name) => join(folder, name))
    await using carol = installation.send('carol', 'alice', 'to alice', { files })
    await alice.output.until((text) => text.split('"offered"').length > files.length)
    await carol.stop()
    alice.signal('SIGTERM')
    await alice.ended
    const lines = alice.output.text.split('\n').filter((line) => line.includes('"offered"'))
    return new Map(lines.map((line) => JSON.parse(line)).map(({ name, id }) => [name, id]))
  }

  it('is an object a line, and nothing else', async () => {
    const words = new Map([...(await offers()), ['link', await invite('erin')]])
    await using _bob = await installation.receive('bob')
    for (const { lines = 1, code = 0, ...step } of STEPS) {
      const args = step.args?.map((word) => (HAS_STAND_INS.test(step.command) ? (words.get(word) ?? word) : word)) ?? []
      const running = start({ ...step, args })
      if (step.command === 'receive') {
        await running.untilStderr('online as alice')
        running.signal('SIGTERM')
      }
      const outcome = await outcomeOf(running)
      if (step.command !== 'receive') expect(outcome.code, step.command + outcome.errors).to.equal(code)
      const objects = outcome.output
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
      expect(objects.length, step.command).to.be.at.least(lines)
      for (const object of objects) expect(Object.keys(object), step.command).to.not.deep.equal([])
    }
  })

  it('has values for values', async () => {
    const [whoami] = (await outcomeOf(start({ command: 'whoami' }))).output.split('\n')
    const { state } = await Profile.open(folder, 'default')
    expect(JSON.parse(whoami ?? '')).to.deep.equal({
      name: 'alice',
      server: state.account?.authAddress,
      sessionExpiresAt: new Date(state.account?.session?.expiresAtMs ?? 0).toISOString(),
      identity: Buffer.from(state.identity.publicKey).toString('hex'),
      profile: 'default',
      protection: 'file',
      receipts: true,
      reach: 'any',
    })
    const [blocked] = (await outcomeOf(start({ command: 'block', args: ['carol'] }))).output.split('\n')
    expect(JSON.parse(blocked ?? '')).to.include({ name: 'carol', blocked: true, state: 'pinned' })
    await outcomeOf(start({ command: 'logout' }))
    const [nobody] = (await outcomeOf(start({ command: 'whoami' }))).output.split('\n')
    expect(JSON.parse(nobody ?? '')).to.include({ name: 'alice', sessionExpiresAt: null })
  })
})
