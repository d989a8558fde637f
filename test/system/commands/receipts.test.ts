import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { environmentOf } from '../../support/environment.ts'
import { SOTTO } from '../../support/programs.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const run = promisify(execFile)

describe('sotto receipts', () => {
  it('is off until it is set, and tells what it is', async () => {
    await using folder = await temporaryFolder()
    await Profile.openOrCreate(folder.path, 'default')
    const receipts = async (...words: readonly string[]) => {
      const args = [SOTTO, 'receipts', ...words]
      return (await run(process.execPath, args, { env: environmentOf(folder.path) })).stdout
    }
    expect(await receipts('--json')).to.equal('{"receipts":false}\n')
    expect(await receipts('on')).to.match(/^receipts: +on\n$/)
    expect(await receipts('--json')).to.equal('{"receipts":true}\n')
    expect((await Profile.open(folder.path, 'default')).state.receipts).to.equal(true)
    expect(await receipts('off', '--json')).to.equal('{"receipts":false}\n')
  })
})
