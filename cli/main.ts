/** The `sotto` command. */
import { runAsProcess } from '../clients/command/run-program.ts'
import { sotto } from './program.ts'

runAsProcess(sotto())
