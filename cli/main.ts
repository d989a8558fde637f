/** The `sotto` command. */
import { runProgram } from '../clients/command/run-program.ts'
import { sotto } from './program.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runProgram(sotto(), process.argv.slice(2), process.stderr).then((exitCode) => {
  process.exitCode = exitCode
})
