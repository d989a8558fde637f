import { readdir } from 'node:fs/promises'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const USAGE = 2

describe('the values of a command line', function () {
  this.timeout(300_000)
  let home: TemporaryFolder
  let folder: string
  before(async () => {
    home = await temporaryFolder()
    folder = home.path
    await Profile.openOrCreate(folder, 'default')
  })
  after(() => home[Symbol.asyncDispose]())

  /** @param settings - Beside SOTTO_HOME and HOME. */
  const sotto = (args: readonly string[], settings = {}): Promise<Outcome> => {
    const env = environmentOf(folder, { HOME: folder, ...settings })
    return outcomeOf(new TestProcess(process.execPath, [SOTTO, ...args], { env, cwd: folder }))
  }

  const EMPTY: ReadonlyArray<readonly string[]> = [
    ['send', 'bob', ''],
    ['send', '', 'hello'],
    ['send', 'bob', '--file', ''],
    ['send', 'bob', '--file', SOTTO, ''],
    ['receive', '--accept-files', ''],
    ['receive', '--exec', ''],
    ['receive', '--exec', ' \t'],
    ['receive', '--listen', ''],
    ['chat', '--downloads', ''],
    ['chat', '--accept-files='],
    ['chat', ''],
    ['whoami', '--profile', ''],
    ['block', ''],
    ['search', 'eight', ''],
    ['export', '--json', 'bob', ''],
    ['files', 'accept', 'ab', '--to', ''],
    ['files', 'accept', 'ab', '--profile', ''],
    ['login', 'alice', '--ca', ''],
    ['passphrase', '--new-passphrase-file', ''],
    ['completion', ''],
  ]
  for (const args of EMPTY) {
    it(`are not empty: sotto ${args.map((each) => (each === '' ? "''" : each)).join(' ')}`, async () => {
      const before = await readdir(folder)
      expect(await sotto(args)).to.include({ code: USAGE, output: '' })
      expect(await readdir(folder)).to.deep.equal(before)
    })
  }

  it('are not empty in settings either', async () => {
    for (const name of ['SOTTO_HOME', 'SOTTO_PASSPHRASE_FILE', 'SOTTO_LOG_LEVEL', 'HOME']) {
      const { code, errors } = await sotto(['receive'], { [name]: '' })
      expect(code, name).to.equal(USAGE)
      expect(errors).to.include(name)
    }
  })

  it('are UTF-8, and what is not is named by its bytes', async function () {
    if (process.platform !== 'linux') return this.skip()
    const inShell = (args: string) => {
      const script = `exec "$0" "$1" ${args}`
      const env = environmentOf(folder, { HOME: folder })
      return outcomeOf(new TestProcess('bash', ['-c', script, process.execPath, SOTTO], { env, cwd: folder }))
    }
    for (const args of [String.raw`send bob --file $'na\xefve.txt'`, String.raw`send bob $'na\xefve.txt'`]) {
      const { code, errors } = await inShell(args)
      expect([code, errors.split('\n')[0]]).to.deep.equal([
        USAGE,
        String.raw`sotto: an argument is not UTF-8: na\xefve.txt (ERR_INVALID_UTF8)`,
      ])
    }
    expect((await inShell(String.raw`whoami --profile $'\xff'`)).errors).to.include('ERR_INVALID_UTF8')
    // The sign itself may be said.
    expect((await inShell('send bob \uFFFD')).errors).to.include('ERR_NOT_LOGGED_IN')
  })

  it('say how a text is sent that looks like an option', async () => {
    const { code, errors } = await sotto(['send', 'bob', '-x'])
    expect(code).to.equal(USAGE)
    const [, words = ''] = /write -- before it: (.*)$/m.exec(errors) ?? []
    expect((await sotto(['send', 'bob', ...words.split(' ')])).errors).to.include('ERR_NOT_LOGGED_IN')
    expect((await sotto(['whoami', '-x'])).errors).to.not.include('write --')
  })

  it('are checked before somebody is signed in', async () => {
    const login = ['--login', 'alice@127.0.0.1:1#00', '--password-file', '/dev/null']
    for (const args of [
      ['send', 'bob', '--file', '/missing'],
      ['receive', '--reply'],
    ]) {
      expect((await sotto([...args, ...login])).errors).to.not.include('ERR_UNAVAILABLE')
      expect(await sotto([...args, ...login])).to.include({ code: USAGE })
    }
  })
})
