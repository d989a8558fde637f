import { execPath } from 'node:process'
import { expect } from 'chai'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'

describe('sotto people', () => {
  let installation: Installation

  before(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  after(() => installation[Symbol.asyncDispose]())

  async function sotto(args: readonly string[], input?: string) {
    const options = { env: environmentOf(installation.home.path), input }
    await using running = new TestProcess(execPath, [SOTTO, ...args], options)
    return await outcomeOf(running)
  }

  it('lists who there is, and who is online', async () => {
    await using _bob = await installation.receive('bob')
    const { code, output, errors } = await sotto(['people', '--profile', 'alice'])
    expect(code, errors).to.equal(0)
    expect(output).to.match(/^alice\nbob +online\n$/)
    const found = await sotto(['people', 'b', '--profile', 'alice', '--json'])
    expect(found.output).to.equal('{"name":"bob","displayName":"","online":true}\n')
    const nobody = await sotto(['people', 'x', '--profile', 'alice'])
    expect([nobody.code, nobody.output, nobody.errors]).to.deep.equal([0, '', 'sotto: nobody\n'])
    expect((await sotto(['people', 'B', '--profile', 'alice'])).code).to.equal(2)
  })

  it('has its like in a chat, for a person and for a script', async () => {
    const chat = ['chat', '--profile', 'alice']
    const shown = await sotto(chat, '/people b\n/people B\n')
    expect(shown.output).to.include('bob: offline').and.not.include('alice: off')
    expect(shown.output + shown.errors).to.include('no name begins so')
    const told = await sotto([...chat, '--json'], '{"command":"people b","ref":1}\n')
    expect(told.output).to.include('{"type":"person","name":"bob","displayName":"","online":false}\n')
  })
})
