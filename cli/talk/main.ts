/** The commands by which people talk, alone: those run often, or for days. */
import { Command } from 'commander'
import { chatCommand } from '../../clients/chat/chat-command.ts'
import { runAsProcess } from '../../clients/command/run-program.ts'
import { receiveCommand } from '../../clients/receiver/command.ts'
import { sendCommand } from '../../clients/sender/command.ts'
import { webCommand } from '../../clients/web/web-command.ts'
import { withLogin } from '../login-first.ts'

const program = new Command('sotto')
for (const command of [chatCommand, webCommand, receiveCommand, sendCommand]) program.addCommand(withLogin(command()))

runAsProcess(program)
