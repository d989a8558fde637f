import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath, getuid } from 'node:process'
import { expect } from 'chai'
import type { Environment } from '#lib/runtime/environment.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const EXIT_USAGE = 2
const EXIT_NO_SUCH_USER = 5

const TWO_PASSWORDS = 'one password\nanother password\n'

/** Run `sotto admin` with two passwords to read, unless others are given. */
async function admin(
  home: string,
  args: readonly string[],
  { settings = {}, input = TWO_PASSWORDS }: { settings?: Environment; input?: string | Uint8Array } = {},
): Promise<Outcome> {
  const options = { env: environmentOf(home, settings), input }
  await using process = new TestProcess(execPath, [SOTTO, 'admin', ...args], options)
  return await outcomeOf(process)
}

/** Every file and folder below one: whose it is, its permissions, and what is in it. */
async function stateOf(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder, { recursive: true })
  const states = names.map(async (name): Promise<[string, string]> => {
    const { uid, gid, mode } = await stat(join(folder, name))
    const content = await readFile(join(folder, name), 'hex').catch(() => 'a folder')
    return [name, `${uid}:${gid} ${mode.toString(8)} ${content}`]
  })
  return new Map(await Promise.all(states))
}

describe('sotto admin', () => {
  let auth: AuthUnderTest

  before(async () => {
    auth = await AuthUnderTest.start({ config: { names: ['chat.example'] } })
  })
  after(() => auth[Symbol.asyncDispose]())

  it('says how to sign in as the service is reached, whatever is set in the shell', async () => {
    const [, port] = auth.running.address.split(':')
    const { code, errors } = await admin(auth.folder.path, ['add-user', 'dora'], {
      settings: { SOTTO_AUTH_PORT: '7777' },
    })
    expect(code, errors).to.equal(0)
    expect(errors).to.match(new RegExp(`--login dora@chat\\.example:${port}#[0-9a-f]{64}\n`))
    expect(errors).not.to.include('localhost')
  })

  it('adds all accounts or none: names and passwords are checked before', async () => {
    expect((await admin(auth.folder.path, ['add-user', 'alice', 'zoe'])).code).to.equal(0)
    const refusals: [names: string[], input: string | undefined, said: RegExp][] = [
      [['carol', 'alice', 'zoe'], undefined, /named alice, zoe already[^\n]*\(ERR_ACCOUNT_EXISTS\)\n/],
      [['carol', 'Bob', 'Eve!'], undefined, /"Bob", "Eve!"[^\n]*\(ERR_INVALID_ARGUMENT\)\n/],
      [['carol', 'dave', 'carol'], undefined, /named twice: "carol"[^\n]*\(ERR_INVALID_ARGUMENT\)\n/],
      [['carol', 'dave'], 'one password\nshort\n', /8 characters at least \(ERR_INVALID_ARGUMENT\)\n/],
      [['carol', 'dave'], 'one password\nbaseball\n', /first that anybody would try \(ERR_INVALID_ARGUMENT\)\n/],
      [['carol', 'dave'], 'one password\n', /no password was given \(ERR_USAGE\)\n/],
    ]
    for (const [names, input, said] of refusals) {
      const { code, errors } = await admin(
        auth.folder.path,
        ['add-user', ...names],
        input === undefined ? {} : { input },
      )
      expect(code, errors).to.equal(EXIT_USAGE)
      expect(errors).to.match(said).and.not.include('added')
    }
    expect((await admin(auth.folder.path, ['list-users'])).output).to.equal('alice\ndora\nzoe\n')
  })

  it('refuses an unknown account before it asks for a password', async () => {
    const { code, errors } = await admin(auth.folder.path, ['set-password', 'nobody'], { input: '' })
    expect(code).to.equal(EXIT_NO_SUCH_USER)
    expect(errors).to.include('ERR_NO_SUCH_USER')
  })

  it('makes accounts that let in whoever types the same on another keyboard', async () => {
    const [composed, decomposed] = ['Gr\u00fc\u00dfe aus K\u00f6ln', 'Gru\u0308\u00dfe aus Ko\u0308ln']
    expect((await admin(auth.folder.path, ['add-user', 'gus'], { input: `${composed}\n` })).code).to.equal(0)
    await auth.login('gus', { password: decomposed })
    await auth.login('gus', { password: composed })
  })

  it('changes accounts and nothing else, with an Auth that stands still and belongs to another user', async () => {
    await auth.stop()
    const { path } = auth.folder
    if (getuid?.() === 0) {
      for (const name of ['', ...(await readdir(path, { recursive: true }))]) await chown(join(path, name), 12, 34)
    }
    const before = await stateOf(path)
    expect((await admin(path, ['list-users'])).code).to.equal(0)
    expect(await stateOf(path)).to.deep.equal(before)
    for (const args of [
      ['add-user', 'erin'],
      ['set-password', 'erin'],
      ['remove-user', 'erin'],
    ]) {
      const { code, errors } = await admin(path, args)
      expect(code, errors).to.equal(0)
      const after = await stateOf(path)
      const withoutContent = (state: string) => state.split(' ').slice(0, 2)
      const database = join('auth', 'auth.db')
      expect(withoutContent(after.get(database) ?? '')).to.deep.equal(withoutContent(before.get(database) ?? ''))
      after.set(database, before.get(database) ?? '')
      expect(after).to.deep.equal(before)
    }
    await auth.start()
  })
})

describe('sotto admin where there is no installation', () => {
  let folder: TemporaryFolder

  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  for (const args of [['list-users'], ['add-user', 'bob'], ['set-password', 'bob'], ['remove-user', 'bob']]) {
    it(`refuses ${args[0]}, and makes nothing`, async () => {
      // A place that is not there, and one that belongs to clients alone.
      await mkdir(join(folder.path, 'clients', 'profiles'), { recursive: true })
      for (const home of [join(folder.path, 'none'), join(folder.path, 'clients')]) {
        const { code, output, errors } = await admin(home, args)
        expect(code, errors).to.equal(EXIT_USAGE)
        expect(output).to.equal('')
        expect(errors).to.include(`there is no installation in ${join(home, 'auth')} (ERR_CONFIG)`)
        expect(errors).to.include('SOTTO_HOME')
      }
      expect(await readdir(folder.path, { recursive: true })).to.have.members(['clients', join('clients', 'profiles')])
    })
  }
})
