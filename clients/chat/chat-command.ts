/**
 * The command line of `sotto chat`.
 *
 * @module
 */
import { Command } from 'commander'
import { isSottoError } from '#lib/errors.ts'
import { accountName } from '../command/account-name.ts'
import { acceptFilesOption, downloadsOption, folderFor } from '../command/file-flags.ts'
import { type ListenFlags, type ReachFlags, reachOf, withListenFlags, withReachFlags } from '../command/listen-flags.ts'
import { profileOption } from '../command/profile-option.ts'
import { isDumb } from '../terminal/dumb.ts'
import { escapeForTerminal } from '../terminal/escape.ts'
import type { Cut } from './chat.ts'

interface ChatFlags extends ListenFlags, ReachFlags {
  readonly profile: string
  readonly bell?: true
  readonly downloads: string
  readonly acceptFiles?: string
  readonly trace?: true
  readonly json?: true
}

const HELP = `
  sotto chat          be online; /to NAME talks with somebody
  sotto chat bob      talk with bob; what bob misses goes to bob's mailbox, or waits until bob is online

What is said and heard stays in the profile, encrypted. /help shows the commands; Ctrl-D leaves.

A file that somebody offers comes when you type /accept, or at once with --accept-files; /file PATH offers one.`

export function chatCommand(): Command {
  return withReachFlags(withListenFlags(new Command('chat')))
    .description('talk with several people at once, in a terminal; messages wait for those who are away')
    .argument('[user]', 'whom to talk with first', accountName)
    .addOption(profileOption())
    .option('--bell', 'ring when a message comes')
    .addOption(downloadsOption())
    .addOption(acceptFilesOption())
    .option('--trace', 'show the five messages as they happen')
    .option('--json', 'read and write JSON lines, for a script: docs/scripting.md')
    .addHelpText('after', HELP)
    .action(async (to: string | undefined, { profile, listen, advertise, downloads, ...flags }: ChatFlags) => {
      const { chat } = await import('./chat.ts')
      const { processOptions } = await import('../command/command-options.ts')
      const { signInAgain } = await import('../command/sign-in-again.ts')
      const options = {
        ...processOptions(),
        profile,
        reach: reachOf(flags),
        listen,
        advertise,
        downloads,
        acceptInto: flags.acceptFiles && (await folderFor(flags.acceptFiles)),
        bell: flags.bell === true,
        trace: flags.trace === true,
        json: flags.json === true,
        ...(isDumb() && { interactive: false }),
      }
      const isAtTerminal = process.stdin.isTTY && process.stdout.isTTY && !options.json
      let cut: Cut | undefined
      const onCut = (at: Cut) => {
        cut = at
      }
      for (let isOver = false; !isOver; ) {
        const begin: Cut = cut ?? { to, draft: undefined }
        cut = undefined
        try {
          await chat({ ...options, ...begin, onCut })
          isOver = true
        } catch (error) {
          const at = cut as Cut | undefined
          if (at === undefined) throw error
          const maySignIn = isAtTerminal && isSottoError(error, 'ERR_SESSION_ENDED')
          if (!maySignIn) throw withDraft(error, at)
          process.stderr.write(`sotto: ${error.message}\n`)
          await signInAgain({ ...options, output: process.stderr }).catch((failure: unknown) => {
            throw withDraft(isSottoError(failure, 'ERR_INTERRUPTED') ? error : failure, at)
          })
        }
      }
      process.stdin.destroy()
    })
}

/** Show what stood on the line of a chat that has ended, so that it is not lost. Returns the error, to be thrown. */
function withDraft(error: unknown, { to, draft }: Cut): unknown {
  if (draft !== undefined) {
    const lines = draft.text.split('\n').map((line) => `  ${escapeForTerminal(line)}\n`)
    process.stderr.write(`sotto: not said${to === undefined ? '' : ` to ${to}`}:\n${lines.join('')}`)
  }
  return error
}
