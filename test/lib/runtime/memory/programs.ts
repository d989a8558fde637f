/** Programs of a process of their own, whose collector and flags a test may do with as it likes. */
import { expect } from 'chai'
import { environmentOf } from '../../../support/environment.ts'
import { TestProcess } from '../../../support/processes.ts'

const SOURCE = JSON.stringify('function answer() { return 42 }; answer()')

/**
 * Run a program, a module.
 *
 * @param options - Of Node.js.
 * @returns what it prints.
 */
export async function outputOf(program: string, ...options: readonly string[]): Promise<string> {
  const child = new TestProcess(process.execPath, [...options, '--input-type=module', '--eval', program], {
    env: environmentOf(''),
  })
  expect(await child.ended, child.errors.text).to.equal(0)
  return child.output.text.trim()
}

/** Whether another process takes the code that is kept by one that has run a program until then. */
export async function isKeptCodeTaken(program: string): Promise<boolean> {
  const code = await outputOf(`${program}
    const { Script } = await import('node:vm')
    console.log(new Script(${SOURCE}).createCachedData().toString('base64'))
    process.exit()`)
  const isRejected = await outputOf(`
    import { Script } from 'node:vm'
    const cachedData = Buffer.from('${code}', 'base64')
    console.log(new Script(${SOURCE}, { cachedData }).cachedDataRejected)`)
  expect(isRejected).to.be.oneOf(['true', 'false'])
  return isRejected === 'false'
}
