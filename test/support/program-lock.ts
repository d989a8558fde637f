/**
 * Another program that keeps a SQLite database locked.
 *
 * @module
 */
import { TestProcess } from './processes.ts'

const PROGRAM = `
  const { DatabaseSync } = require('node:sqlite')
  // Whose lock it waits for is the service's, which looks at its database all the time.
  new DatabaseSync(process.argv[1], { timeout: 10_000 }).exec('begin exclusive')
  console.log('locked')
  process.stdin.resume()`

/** Have another program lock a database, until the returned function ends it. */
export async function lockDatabase(path: string): Promise<() => Promise<void>> {
  const program = new TestProcess(process.execPath, ['--eval', PROGRAM, path], { input: 'open' })
  await program.untilStdout('locked\n')
  return () => program[Symbol.asyncDispose]()
}
