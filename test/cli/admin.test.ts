import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { type Outcome, outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { TestProcess } from '../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

describe('sotto admin add-user', () => {
  let home: TemporaryFolder

  beforeEach(async () => {
    home = await temporaryFolder()
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const addUsers = async (names: readonly string[], settings: Record<string, string> = {}): Promise<Outcome> => {
    const env = environmentOf(home.path, settings)
    const args = [join(ROOT, 'bin', 'sotto.js'), 'admin', 'add-user', ...names]
    await using process = new TestProcess(execPath, args, { env, input: 'one password\nanother password\n' })
    return await outcomeOf(process)
  }

  it('says which name is taken, and what was added before it', async () => {
    expect((await addUsers(['alice'])).code).to.equal(0)
    const { code, errors } = await addUsers(['carol', 'alice'])
    expect(code).to.equal(2)
    expect(errors)
      .to.include('added carol;')
      .and.match(/--login carol@localhost:7001#/)
    expect(errors).to.match(/ alice [^\n]*\(ERR_ACCOUNT_EXISTS\)\n/)
    expect(errors).not.to.include('--login alice')
  })

  it('says how to name the server from elsewhere, where it has no name but localhost', async () => {
    expect((await addUsers(['alice'])).errors).to.include('SOTTO_NAMES')
    const { errors } = await addUsers(['bob'], { SOTTO_NAMES: 'chat.example' })
    expect(errors).to.include('--login bob@chat.example:7001#').and.not.include('SOTTO_NAMES')
  })
})
