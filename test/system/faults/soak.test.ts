/** A short `npm run soak` of a minute in place of ten. In less, what V8 compiles at first would count as growth. */
import { join } from 'node:path'
import { expect } from 'chai'
import { SABOTAGES } from '../../soak/sabotage.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe('soak', () => {
  let home: TemporaryFolder
  before(async () => {
    home = await temporaryFolder()
  })
  after(() => home[Symbol.asyncDispose]())

  async function soak(...args: readonly string[]): Promise<{ code: number | string; output: string }> {
    const command = ['--expose-gc', join(ROOT, 'test', 'soak', 'main.ts'), '--seconds', '60', ...args]
    await using run = new TestProcess(process.execPath, command, { env: environmentOf(home.path) })
    const code = await run.ended
    return { code, output: run.output.text + run.errors.text }
  }

  it('finds memory and handles level', async () => {
    const { code, output } = await soak()
    expect(code, output).to.equal(0)
  })

  it(`fails where it leaks ${SABOTAGES.join(' or ')}`, async () => {
    const runs = await Promise.all(SABOTAGES.map((sabotage) => soak('--sabotage', sabotage)))
    for (const { code, output } of runs) expect([code, output.includes('GROWS')], output).to.deep.equal([1, true])
  })
})
