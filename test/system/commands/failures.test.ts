import { execPath } from 'node:process'
import { expect } from 'chai'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** Command lines that fail, and with what. */
const FAILURES: ReadonlyArray<readonly [line: string, code: number, reason?: string]> = [
  ['send bob --jso', 2],
  ['snd bob --json', 2],
  ['send --json', 2],
  ['send bob hi --retry soon --json', 2],
  ['send Bob hi', 2],
  ['receipts maybe', 2],
  ['receive --json --listen here', 2],
  ['web --relay-only --direct-only', 2],
  ['demo --html /dev/null/wire.html', 1, 'ERR_OUTPUT'],
  ['send bob hi --json', 4, 'ERR_PROFILE_MISSING'],
  ['chat --json', 4, 'ERR_PROFILE_MISSING'],
  ['history --json', 4, 'ERR_PROFILE_MISSING'],
  ['login alice --json --server localhost:1', 2, 'ERR_USAGE'],
]

describe('a command that fails', () => {
  let home: TemporaryFolder
  before(async () => {
    home = await temporaryFolder()
  })
  after(() => home[Symbol.asyncDispose]())

  async function run(line: string): Promise<Outcome> {
    const args = [SOTTO, ...line.split(' ')]
    await using command = new TestProcess(execPath, args, { env: environmentOf(home.path), input: '' })
    return await outcomeOf(command)
  }

  for (const [line, code, reason] of FAILURES) {
    it(`says why in plain lines of its own on standard error, and nothing else: sotto ${line}`, async () => {
      const failed = await run(line)
      expect([failed.code, failed.output]).to.deep.equal([code, ''])
      const lines = failed.errors.trimEnd().split('\n')
      expect(lines.filter((each) => !each.startsWith('sotto: '))).to.deep.equal([])
      expect(lines).to.have.length.above(1)
      expect(failed.errors).not.to.include('command-argument')
      if (reason !== undefined) expect(lines[0]).to.match(new RegExp(` \\(${reason}\\)$`))
    })
  }
})
