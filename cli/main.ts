/** The `sotto` command. */
import { runProgram } from '../clients/command/run-program.ts'
import { sotto } from './program.ts'

process.exitCode = await runProgram(sotto(), process.argv.slice(2), process.stderr)
