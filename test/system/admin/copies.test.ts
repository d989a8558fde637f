import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'

const EXIT_USAGE = 2

describe('sotto admin, of copies', () => {
  let auth: AuthUnderTest
  before(async () => {
    auth = await AuthUnderTest.start()
    await auth.addUser('alice', "alice's password")
  })
  after(() => auth[Symbol.asyncDispose]())

  async function admin(...args: string[]): Promise<Outcome> {
    const command = [SOTTO, 'admin', ...args]
    await using process = new TestProcess(execPath, command, { env: environmentOf(auth.folder.path) })
    return await outcomeOf(process)
  }
  const path = (name: string) => join(auth.folder.path, name)

  it('makes one while Auth runs, for its owner alone, and puts it back, sessions and all', async () => {
    const session = await auth.login('alice')
    expect((await admin('backup', path('copy'))).code).to.equal(0)
    expect((await stat(path('copy'))).mode & 0o777).to.equal(0o600)
    expect(await readFile(path('copy'), 'utf8')).not.to.include('password\\"')
    await auth.addUser('bob', "bob's password")
    const { code, errors } = await admin('restore', path('copy'), '--replace')
    expect([code, errors]).to.deep.equal([0, 'sotto: restored; there is 1 account now\n'])
    expect((await admin('list-users')).output).to.equal('alice\n')
    const { call } = await auth.connectSealing()
    const { username } = await call.authenticate({
      directoryBearer: Buffer.from(session.keys.directoryBearer.reveal()),
      relayBearer: Buffer.alloc(0),
    })
    expect(username).to.equal('alice')
  })

  it('writes over nothing, and puts nothing in the place of accounts, unless told', async () => {
    await writeFile(path('taken'), 'of somebody')
    expect((await admin('backup', path('taken'))).errors).to.include('ERR_STORE')
    expect(await readFile(path('taken'), 'utf8')).to.equal('of somebody')
    await admin('backup', path('another'))
    expect((await admin('restore', path('another'))).errors).to.include('ERR_ACCOUNT_EXISTS')
  })

  for (const [what, content] of [
    ['nothing', ''],
    ['something else', 'hello\n'],
    ['bytes', Buffer.from([0xff, 0xfe, 0, 10, 0xff])],
  ] as const) {
    it(`restores ${what} to nothing, and says so`, async () => {
      await writeFile(path('garbage'), content)
      const { errors } = await admin('restore', path('garbage'), '--replace')
      expect(errors).to.match(/^sotto: the backup cannot be used: [^\n]*ERR_STORE/)
      expect((await admin('list-users')).output).to.equal('alice\n')
    })
  }

  it('says which file is missing', async () => {
    expect((await admin('restore', path('missing'))).errors)
      .to.include('ENOENT')
      .and.include('ERR_STORE')
  })

  it('moves everything to another database, and says what to start Auth with', async () => {
    const { code, errors } = await admin('move', '--to-sqlite', path('elsewhere/auth.db'))
    expect([code, errors]).to.deep.equal([0, 'sotto: moved 1 account; start Auth without SOTTO_AUTH_DATABASE_FILE\n'])
    expect((await stat(path('elsewhere/auth.db'))).mode & 0o777).to.equal(0o600)
    expect((await admin('move', '--to-sqlite', path('elsewhere/auth.db'))).errors).to.include('ERR_ACCOUNT_EXISTS')
  })

  it('moves nowhere, or to two places, not at all', async () => {
    for (const args of [[], ['--to-sqlite', 'a', '--to-file', 'b']]) {
      expect((await admin('move', ...args)).code).to.equal(EXIT_USAGE)
    }
    await writeFile(path('url'), 'mysql://root:secret@db/x\n')
    const { errors } = await admin('move', '--to-file', path('url'))
    expect(errors).to.include('ERR_CONFIG').and.not.to.include('secret')
  })
})
