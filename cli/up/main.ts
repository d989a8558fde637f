/** `sotto up` alone: it stays for months to watch the services. */
import { Command } from 'commander'
import { runAsProcess } from '../../clients/command/run-program.ts'
import { upCommand } from '../up.ts'

runAsProcess(new Command('sotto').addCommand(upCommand()))
