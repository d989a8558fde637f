/** The commands of `sotto`, and what `sotto --help` says. Each command's code is loaded when it runs, not before. */
import { Command } from 'commander'
import { chatCommand } from '../clients/chat/chat-command.ts'
import { receiveCommand } from '../clients/receiver/command.ts'
import { sendCommand } from '../clients/sender/command.ts'
import { webCommand } from '../clients/web/web-command.ts'
import manifest from '../package.json' with { type: 'json' }
import { joinCommand } from './account/join.ts'
import { passwordCommand } from './account/password.ts'
import { secondFactorCommand } from './account/second-factor.ts'
import { sessionsCommand } from './account/sessions.ts'
import { adminCommand } from './admin/command.ts'
import { completeContactsCommand, completionCommand } from './completion/command.ts'
import { blockCommand, contactsCommand, trustCommand, unblockCommand, verifyCommand } from './contacts.ts'
import { demoCommand } from './demo/command.ts'
import { doctorCommand } from './doctor/command.ts'
import { filesCommand } from './files.ts'
import { healthCommand } from './health.ts'
import { exportCommand, forgetCommand, historyCommand, searchCommand, undeliverableCommand } from './history.ts'
import { loginCommand, logoutCommand } from './login.ts'
import { withLogin } from './login-first.ts'
import { passphraseCommand } from './passphrase.ts'
import { peopleCommand } from './people.ts'
import { receiptsCommand } from './receipts.ts'
import { upCommand } from './up.ts'
import { whoamiCommand } from './whoami.ts'

const EXAMPLES = `
A server for everybody, on one machine:
  sotto up
  sotto admin invite alice            prints a link, for alice alone

Then everybody on their own, once:
  sotto join                          asks for the link, and for a password of one's own choosing
  sotto chat                          talks with everybody, in one screen
  sotto web                           the same, on a page in your browser
  sotto receive                       shows what comes, and answers it
  sotto send bob 'See you at eight?'  sends one message
  ls | sotto send bob                 sends every line
  sotto send bob --file photos        offers a file or a folder
  sotto send bob                      sends what you type, line by line
  sotto files                         lists the files that were offered, and answers offers
  sotto passphrase                    protects all that is kept here by a passphrase
  sotto history bob                   shows what was said; see also search, export, forget

Two people on one machine:
  sotto receive --profile bob

To see the five messages of a conversation as they happen:
  sotto send bob hello --trace

Exit codes: 0 done, 1 internal, 2 usage, 3 unreachable, 4 login or passphrase refused or session ended, 5 no such user,
6 not online, 7 key changed, 8 not everything acknowledged or a file not received, 130 interrupted.`

export function sotto(): Command {
  return new Command('sotto')
    .description('Direct, end-to-end encrypted chat for a small team or a class that runs its own server.')
    .version(manifest.version)
    .addHelpText('after', EXAMPLES)
    .addCommand(upCommand())
    .addCommand(joinCommand())
    .addCommand(loginCommand())
    .addCommand(withLogin(chatCommand()))
    .addCommand(withLogin(webCommand()))
    .addCommand(withLogin(receiveCommand()))
    .addCommand(withLogin(sendCommand()))
    .addCommand(filesCommand())
    .addCommand(historyCommand())
    .addCommand(searchCommand())
    .addCommand(exportCommand())
    .addCommand(forgetCommand())
    .addCommand(undeliverableCommand())
    .addCommand(whoamiCommand())
    .addCommand(peopleCommand())
    .addCommand(contactsCommand())
    .addCommand(verifyCommand())
    .addCommand(trustCommand())
    .addCommand(blockCommand())
    .addCommand(unblockCommand())
    .addCommand(receiptsCommand())
    .addCommand(passphraseCommand())
    .addCommand(passwordCommand())
    .addCommand(secondFactorCommand())
    .addCommand(sessionsCommand())
    .addCommand(logoutCommand())
    .addCommand(adminCommand())
    .addCommand(demoCommand())
    .addCommand(doctorCommand())
    .addCommand(healthCommand())
    .addCommand(completionCommand())
    .addCommand(completeContactsCommand(), { hidden: true })
}
