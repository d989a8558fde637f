/**
 * Hints as somebody in a chat needs them: the errors name commands of the shell, and the chat has commands of its own.
 *
 * @module
 */
import { forProfile } from '../profile/login-line.ts'

/** Commands of the shell that are commands of a chat too, each about a name or a setting. */
const SHELL_COMMANDS = /\bsotto (verify|trust|block|unblock|receipts) (?=[a-z0-9])/g

/** The words in a hint for the user's own name, where the other side is to type it: in a chat or not, nobody knows. */
const OWN_NAME = /\bYOUR-NAME\b/g

/**
 * A hint for the user of a chat. What the chat has no command for is typed in a shell, and about the same profile.
 *
 * @param ownName - The user's own.
 */
export function chatHint(hint: string, ownName: string, profile: string): string {
  const here = hint
    .replace(SHELL_COMMANDS, '/$1 ')
    .replaceAll('sotto undeliverable', '/undeliverable')
    .replace(OWN_NAME, () => ownName)
  return forProfile(here, profile)
}
