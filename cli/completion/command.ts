/** `sotto completion`: what makes a shell complete what is typed behind `sotto`. */
import { Argument, Command } from 'commander'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { profileOption } from '../../clients/command/profile-option.ts'
import type { ProfileOptions } from '../profile-command.ts'
import { bashTables } from './bash.ts'
import { fishTables } from './fish.ts'
import { type CommandForm, grammarOf } from './grammar.ts'
import { scriptWith } from './script.ts'
import { zshTables } from './zsh.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const HELP = `
  eval "$(sotto completion bash)"  in ~/.bashrc
  source <(sotto completion zsh)   in ~/.zshrc, below compinit
  sotto completion fish > ~/.config/fish/completions/sotto.fish
                                   once`

export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script by which a shell completes commands, options and names')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(async (shell: Shell, _options: object, command: Command) => {
      process.stdout.write(await scriptWith(shell, TABLES[shell](grammarOf(command.parent ?? command))))
    })
}

const TABLES: Readonly<Record<Shell, (program: CommandForm) => string>> = {
  bash: bashTables,
  zsh: zshTables,
  fish: fishTables,
}

/**
 * The command that only the scripts call: it prints the names of the contacts with a known key, one a line. It asks for
 * nothing, and prints nothing else.
 */
export function completeContactsCommand(): Command {
  return new Command('complete-contacts').addOption(profileOption()).action(async (options: ProfileOptions) => {
    const { Profile } = await import('../../clients/profile/profile.ts')
    const profile = await Profile.open(sottoHome(environment()), options.profile).catch(() => undefined)
    for (const name of profile?.state.pins.keys() ?? []) process.stdout.write(`${name}\n`)
  })
}
