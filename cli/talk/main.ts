/** The commands by which people talk, alone: those run often, or for days. */
import { Command } from 'commander'
import { chatCommand } from '../../clients/chat/chat-command.ts'
import { runProgram } from '../../clients/command/run-program.ts'
import { receiveCommand } from '../../clients/receiver/command.ts'
import { sendCommand } from '../../clients/sender/command.ts'
import { webCommand } from '../../clients/web/web-command.ts'
import { withLogin } from '../login-first.ts'

const program = new Command('sotto')
for (const command of [chatCommand, webCommand, receiveCommand, sendCommand]) program.addCommand(withLogin(command()))

// No `await`: a bundle is CommonJS, which has none here.
void runProgram(program, process.argv.slice(2), process.stderr).then((exitCode) => {
  process.exitCode = exitCode
})
