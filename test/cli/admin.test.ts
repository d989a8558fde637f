import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath, getuid } from 'node:process'
import { expect } from 'chai'
import { type Outcome, outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { TestProcess } from '../support/processes.ts'
import { AuthUnderTest } from '../support/running-auth.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const EXIT_USAGE = 2

/** Run `sotto admin` with two passwords to read. */
async function admin(home: string, args: readonly string[], settings: Record<string, string> = {}): Promise<Outcome> {
  const env = environmentOf(home, settings)
  const options = { env, input: 'one password\nanother password\n' }
  await using process = new TestProcess(execPath, [join(ROOT, 'bin', 'sotto.js'), 'admin', ...args], options)
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
    const { code, errors } = await admin(auth.folder.path, ['add-user', 'dora'], { SOTTO_AUTH_PORT: '7777' })
    expect(code, errors).to.equal(0)
    expect(errors).to.match(new RegExp(`--login dora@chat\\.example:${port}#[0-9a-f]{64}\n`))
    expect(errors).not.to.include('localhost')
  })

  it('says which name is taken, and what was added before it', async () => {
    expect((await admin(auth.folder.path, ['add-user', 'alice'])).code).to.equal(0)
    const { code, errors } = await admin(auth.folder.path, ['add-user', 'carol', 'alice'])
    expect(code).to.equal(EXIT_USAGE)
    expect(errors)
      .to.include('added carol;')
      .and.match(/--login carol@chat.example:\d+#/)
    expect(errors).to.match(/ alice [^\n]*\(ERR_ACCOUNT_EXISTS\)\n/)
    expect(errors).not.to.include('--login alice')
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
