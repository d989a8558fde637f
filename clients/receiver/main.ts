/** The receiver as a program of its own: `npm run receiver`. */
import { runAsProcess } from '../command/run-program.ts'
import { receiveCommand } from './command.ts'

runAsProcess(receiveCommand())
