/** The sender as a program of its own: `npm run sender -- bob 'See you at eight?'`. */
import { runAsProcess } from '../command/run-program.ts'
import { sendCommand } from './command.ts'

runAsProcess(sendCommand())
