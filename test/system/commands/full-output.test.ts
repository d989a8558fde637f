import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { setBlocked } from '../../../clients/profile/pins.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('a command whose output is not taken', () => {
  let home: TemporaryFolder

  before(async () => {
    home = await temporaryFolder()
    await setBlocked(await Profile.openOrCreate(home.path, 'default'), 'bob', true)
  })
  after(() => home[Symbol.asyncDispose]())

  const run = async (command: string, args: readonly string[], isReaderGone = false): Promise<Outcome> => {
    await using process = new TestProcess(command, args, { env: environmentOf(home.path) })
    if (isReaderGone) process.closeOutput()
    return await outcomeOf(process)
  }

  for (const line of ['contacts', 'contacts --json', 'receipts', '--help', 'send --help', 'completion bash']) {
    it(`ends in peace when the reader has gone away: sotto ${line}`, async () => {
      const { code, errors } = await run(process.execPath, [SOTTO, ...line.split(' ')], true)
      expect([code, errors]).to.deep.equal([0, ''])
    })

    it(`says that a disk is full: sotto ${line}`, async function () {
      // Only Linux has one that is always full.
      if (!existsSync('/dev/full')) this.skip()
      const { code, errors } = await run('sh', ['-c', `"$0" "$1" ${line} >/dev/full`, process.execPath, SOTTO])
      expect([code, errors.split('\n').length]).to.deep.equal([1, 3])
      expect(errors).to.match(/^sotto: standard output takes no more \(ERR_OUTPUT\)\nsotto: .*disk/)
    })
  }

  it('keeps what else it has to say', async () => {
    const { code, errors } = await run(process.execPath, [SOTTO, 'whoami'], true)
    expect([code, errors.split('\n').length]).to.deep.equal([4, 3])
    expect(errors).to.include('ERR_NOT_LOGGED_IN')
  })

  it('minds no full disk where its notices go', async function () {
    if (!existsSync('/dev/full')) this.skip()
    const { code } = await run('sh', ['-c', '"$0" "$1" block bob 2>/dev/full', process.execPath, SOTTO])
    expect(code).to.equal(0)
  })
})
