/**
 * An account's name on a command line, checked before anything else happens: a server's error would come late and in
 * the words of its contract.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander'
import { USERNAME } from '#lib/validation.ts'

/** @throws InvalidArgumentError */
export function accountName(text: string): string {
  if (USERNAME.test(text)) return text
  throw new InvalidArgumentError(
    'A name is 1 to 32 of a-z, 0-9, ".", "_" and "-", and begins with a letter or a digit.',
  )
}

/**
 * Parse one of several names, and add it to those before it; a name that is repeated counts once. @throws
 * InvalidArgumentError
 */
export function accountNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...new Set([...before, accountName(text)])]
}
