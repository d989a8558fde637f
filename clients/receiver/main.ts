/** The receiver as a program of its own: `npm run receiver`. */
import { runProgram } from '../command-line.ts'
import { receiveCommand } from './command.ts'

process.exitCode = await runProgram(receiveCommand(), process.argv.slice(2), process.stderr)
