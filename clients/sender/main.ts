/** The sender as a program of its own: `npm run sender -- bob 'See you at eight?'`. */
import { runProgram } from '../command/run-program.ts'
import { sendCommand } from './command.ts'

process.exitCode = await runProgram(sendCommand(), process.argv.slice(2), process.stderr)
