import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { CHEAP, passphraseOf } from '../../support/passphrases.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

describe('sotto passphrase', () => {
  it('says that it is the present one which was not given', async () => {
    await using home = await temporaryFolder()
    await Profile.openOrCreate(home.path, 'default', { passphrase: passphraseOf('the present one'), cost: CHEAP })
    const file = join(home.path, 'new')
    await writeFile(file, 'the new one\n')
    const args = [SOTTO, 'passphrase', '--new-passphrase-file', file]
    await using process = new TestProcess(execPath, args, { env: environmentOf(home.path) })
    const { code, errors } = await outcomeOf(process)
    expect(code).to.equal(2)
    expect(errors).to.include('was not given (ERR_USAGE)').and.include('--passphrase-file')
  })
})
