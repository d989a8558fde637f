/**
 * Parses a typed line: a message, one of the commands, or neither.
 *
 * @module
 */
import { USERNAME } from '#lib/validation.ts'
import type { RawJson } from '../terminal/raw-json.ts'

/** How many arguments a command takes, and which. */
interface CommandForm {
  /** The argument as the help shows it; brackets around one that may be left out, empty if there is none. */
  readonly argument:
    | ''
    | 'NAME'
    | 'WORDS'
    | 'PATH'
    | '[N]'
    | '[NAME]'
    | '[NAME …]'
    | '[BEGIN]'
    | '[FILE]'
    | 'ID …'
    | '[on|off]'
    | 'NAME [yes]'
  /** The description for the help: one clause. */
  readonly does: string
}

/** Every command, in the order of the help. What they do is the chat's to say: this is their form alone. */
export const COMMANDS = {
  help: { argument: '', does: 'show this' },
  to: { argument: 'NAME', does: 'talk with NAME from here on' },
  next: { argument: '', does: 'go on to who has written, as Alt-A does' },
  who: { argument: '', does: 'show who is online, and who has written' },
  people: { argument: '[BEGIN]', does: 'show who there is, or whose name begins so' },
  history: { argument: '[N]', does: 'show the last N messages, 20 if not said' },
  show: { argument: '[N]', does: 'show a long message whole; again: more of it' },
  search: { argument: 'WORDS', does: 'find messages that hold all the words' },
  file: { argument: 'PATH', does: 'offer a file or a folder' },
  accept: { argument: '[FILE]', does: 'take what is offered: by number, name, or all' },
  decline: { argument: '[FILE]', does: 'do not take it' },
  cancel: { argument: '[FILE]', does: 'end what is under way, or take it back' },
  files: { argument: '', does: 'show what is offered and under way' },
  undeliverable: { argument: '', does: 'show what waits for keys that were replaced' },
  again: { argument: 'ID …', does: 'send it again, to the key they have now; or all' },
  drop: { argument: 'ID …', does: 'send it to nobody; or all' },
  verify: { argument: '[NAME]', does: 'safety number with NAME, or whom you talk with' },
  verified: { argument: '[NAME …]', does: 'they see the same; of two: pinned or seen' },
  mismatch: { argument: '[NAME]', does: 'they see another: stop, until they agree' },
  trust: { argument: '[NAME]', does: 'take their changed key for theirs' },
  block: { argument: '[NAME]', does: 'refuse them' },
  unblock: { argument: '[NAME]', does: 'allow them again' },
  forget: { argument: 'NAME [yes]', does: 'remove all that was said with NAME' },
  receipts: { argument: '[on|off]', does: 'let others know what you have read, or not' },
  quit: { argument: '', does: 'leave; Ctrl-D does too' },
} as const satisfies Readonly<Record<string, CommandForm>>

export type CommandName = keyof typeof COMMANDS

/** A command with what it was given. */
export interface Command {
  readonly kind: 'command'
  readonly name: CommandName
  /**
   * The text after the command, without spaces around; a number in its decimal digits; undefined where it was left out.
   */
  readonly argument: string | undefined
  /** The script's own name for it, in the JSON that it was written in. */
  readonly ref?: RawJson | undefined
}

export interface Message {
  readonly kind: 'message'
  /** The recipient that it names, or undefined for whom one talks with. */
  readonly to: string | undefined
  /** The text; what a person types is never empty. */
  readonly text: string
  /** The script's own name for it, in the JSON that it was written in. */
  readonly ref?: RawJson | undefined
}

/** A line that cannot be carried out. */
export interface Mistake {
  readonly kind: 'mistake'
  /** The mistake in words: one clause. */
  readonly what: string
}

export type Submission = Command | Message | Mistake

/** The most messages that `/history` can be asked for. */
export const MAX_HISTORY = 10_000

/**
 * Read a line.
 *
 * `/NAME` is a command, `@NAME text` a message to NAME, and anything else a message as it stands. A second slash or at
 * sign in front takes the meaning away: `//etc` says `/etc`.
 *
 * @returns undefined for a line that says nothing.
 */
export function parseLine(line: string): Submission | undefined {
  const text = line.trim()
  if (text === '') return undefined
  if (text.startsWith('//') || text.startsWith('@@')) return { kind: 'message', to: undefined, text: text.slice(1) }
  if (text.startsWith('/')) return parseCommand(text)
  if (text.startsWith('@')) return parseAddressed(text)
  return { kind: 'message', to: undefined, text }
}

/**
 * Read a pasted line: a message as it stands, spaces and all, and no command. Somebody who pastes one, as a notice shows it,
 * is told so; it is not said to whomever they talk with.
 *
 * @returns undefined for a line that says nothing.
 */
export function parsePasted(text: string): Submission | undefined {
  if (text.trim() === '') return undefined
  if (parseLine(text)?.kind !== 'command') return { kind: 'message', to: undefined, text }
  return mistake('what is pasted is no command; type its first / yourself, or // to say it')
}

/** A message as one would type it: what {@link parseLine} reads from it is this message. */
export function lineOf({ to, text }: Message): string {
  if (to !== undefined) return `@${to} ${text}`
  const plain = parseLine(text)
  return plain?.kind === 'message' && plain.to === undefined && plain.text === text ? text : text.slice(0, 1) + text
}

/**
 * The person to whom a line that is being written will go.
 *
 * @param written - What it is so far.
 * @param current - Whom it goes to if it names nobody.
 * @returns undefined where it is no message, or not yet.
 */
export function recipientOf(written: Submission | undefined, current: string | undefined): string | undefined {
  return written?.kind === 'message' ? (written.to ?? current) : undefined
}

/** Whether it depends on whom one talks with. */
export function isAboutConversation(submission: Command | Message): boolean {
  if (submission.kind === 'message') return submission.to === undefined
  const { name, argument } = submission
  return (
    name === 'file' || name === 'history' || (COMMANDS[name].argument.startsWith('[NAME') && argument === undefined)
  )
}

function parseCommand(text: string): Command | Mistake {
  const [, word = '', rest = ''] = /^\/(\S*)\s*(.*)$/su.exec(text) ?? []
  const name = word.toLowerCase()
  if (!isCommandName(name))
    return mistake(`there is no command /${word}: /help shows those there are, and //${word} says /${word}`)
  const { argument: form } = COMMANDS[name]
  const wrong = mistakeIn(form, rest)
  if (wrong !== undefined) return mistake(`/${name} ${wrong}`)
  return { kind: 'command', name, argument: rest === '' ? undefined : rest }
}

/** The arguments that may stand behind a name. */
const OPTIONS: Readonly<Partial<Record<CommandForm['argument'], RegExp>>> = {
  'NAME [yes]': / +yes$/,
  '[NAME …]': / +(pinned|seen)$/,
}

/** The arguments that a command cannot do without. */
const NEEDED: Readonly<Partial<Record<CommandForm['argument'], string>>> = {
  NAME: 'a name',
  'NAME [yes]': 'a name',
  WORDS: 'words',
  PATH: 'a path',
  'ID …': 'an id, or all,',
}

/** The mistake in an argument, or undefined. */
function mistakeIn(form: CommandForm['argument'], argument: string): string | undefined {
  if (form === '') return argument === '' ? undefined : 'takes nothing after it'
  if (argument === '') return form in NEEDED ? `needs ${NEEDED[form]} after it` : undefined
  const name = argument.replace(OPTIONS[form] ?? /$^/, '')
  if (form.includes('NAME') && !USERNAME.test(name)) return 'needs a name of a-z, 0-9, ".", "_" and "-" after it'
  if (form === '[on|off]' && argument !== 'on' && argument !== 'off') return 'needs on or off after it'
  if (form === '[N]' && !isCount(argument)) return `needs a number from 1 to ${MAX_HISTORY} after it`
  return undefined
}

function isCount(argument: string): boolean {
  return /^[1-9]\d*$/.test(argument) && Number(argument) <= MAX_HISTORY
}

function parseAddressed(text: string): Message | Mistake {
  const [, to = '', rest = ''] = /^@(\S*)\s*(.*)$/su.exec(text) ?? []
  // Somebody may well write "@home" or "@ 10 o'clock" to nobody in particular.
  if (!USERNAME.test(to)) return { kind: 'message', to: undefined, text }
  return rest === '' ? mistake(`nothing is said to ${to}`) : { kind: 'message', to, text: rest }
}

function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word)
}

function mistake(what: string): Mistake {
  return { kind: 'mistake', what }
}
