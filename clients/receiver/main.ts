/** The receiver as a program of its own: `npm run receiver`. */
import { runProgram } from '../command/run-program.ts'
import { receiveCommand } from './command.ts'

process.exitCode = await runProgram(receiveCommand(), process.argv.slice(2), process.stderr)
