/** `sotto up` alone: it stays for months to watch the services. */
import { Command } from 'commander'
import { runProgram } from '../../clients/command/run-program.ts'
import { upCommand } from '../up.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runProgram(new Command('sotto').addCommand(upCommand()), process.argv.slice(2), process.stderr).then(
  (exitCode) => {
    process.exitCode = exitCode
  },
)
