import { join } from 'node:path'
import { expect } from 'chai'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'

/** Run a program whose one command does this. */
async function run(action: string): Promise<Outcome> {
  const source = `
    import { Command } from 'commander'
    import { runProgram } from ${JSON.stringify(join(ROOT, 'clients/command/run-program.ts'))}
    const program = new Command('demo').action(async () => { ${action} })
    process.exitCode = await runProgram(program, [], process.stderr)`
  const options = { cwd: ROOT, env: environmentOf(ROOT) }
  return await outcomeOf(new TestProcess(process.execPath, ['--input-type=module', '-e', source], options))
}

describe('a command that is under way', () => {
  it('stays alive while it waits, though nothing that it waits for keeps it so', async () => {
    const { code, output, errors } = await run(`
      await new Promise((resolve) => setTimeout(resolve, 200).unref())
      process.stdout.write('done')`)
    expect([code, output, errors]).to.deep.equal([0, 'done', ''])
  })

  it('does not keep the process alive once it has settled', async () => {
    expect((await run(`throw new TypeError('of ours')`)).code).to.equal(1)
  })

  it('tells an end that comes in the middle of it as a fault', async () => {
    const { code, errors } = await run('process.exit(0)')
    expect([code, errors]).to.deep.equal([
      1,
      'sotto: the command ended in the middle (ERR_INTERNAL)\nsotto: please report it, with what you did\n',
    ])
  })

  it('lets whoever presses Ctrl-C twice go, without a word', async () => {
    const { code, errors } = await run('process.exit(130)')
    expect([code, errors]).to.deep.equal([130, ''])
  })
})
