/**
 * Every `sotto …` in a text of the program can be typed: it is read as its command line would be, up to the action, and is
 * about the profile of whom it is printed for.
 *
 * Where prose follows a command, the command is as much as can be read. A word that begins like an option or a placeholder
 * cannot be prose: there, a part of the command could not be read.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Command } from 'commander'
import { sotto } from '../../cli/program.ts'
import { checkValues } from '../../clients/command/values.ts'
import { forProfile } from '../../clients/profile/login-line.ts'
import { ROOT } from '../support/environment.ts'

interface Printed {
  readonly path: string
  readonly text: string
}

/** What placeholders stand for. A text with another one is refused, so that none is passed over. */
const FILLED: ReadonlyMap<string, string> = new Map([
  ['authAddress', 'chat.example.org:7001'],
  ['caFingerprint', '5C0A'],
  ['flag', ' --profile work'],
  ['name', 'bob'],
  ['peerName', 'bob'],
  ['profileFlag(options.profile)', ' --profile work'],
  ['profileFlag(profile)', ' --profile work'],
  ['profileFlag(profile.name)', ' --profile work'],
  ['profileFlag(this.#options.profileName)', ' --profile work'],
  ['server', 'chat.example.org:7001'],
  [`shortId(Buffer.from(id, 'hex'))`, '3f09'],
  ['sotto', 'sotto'],
  ['username', 'alice'],
  ['which', ' --key pinned, or --key seen'],
])

/** Words that people replace, in capitals. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['NAME', 'bob'],
  ['USER', 'bob'],
  ['YOUR-NAME', 'alice'],
])

/** What follows `sotto` and is no command: labels of keys, a process title, options of a shell, prose about the program. */
const PROSE = /^(?:[a-z <>]+ v1$|send$|-n |command\b|was online\b)/

/** What stands before prose about a command, of which nothing is to be typed. */
const MENTION = /(?:\b(?:a|the next|another|of|use|by|see|when|in the next) |")$/i

/** The end of a command: of its line, or what stands beside it. */
const END = /\n|\\n| {2,}|[;,)] ?|: | [|>] |\.(?=\s|$)/

/** Texts of the help, and of a page that was not let in yet, which are about no profile in particular. */
const HELP = /^cli\/|\/(?:chat-|web-)?command\.ts$|^clients\/web\/page\/app\.ts$/

/** A command line of ours, read up to the action, which is not run: its profile, or undefined if it cannot be read. */
function read(words: readonly string[]): { readonly profile: string | undefined } | undefined {
  const program = sotto()
  const prepare = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
    for (const each of command.commands) prepare(each)
  }
  prepare(program)
  let result: ReturnType<typeof read>
  program.hook('preAction', (_program, command) => {
    checkValues(command)
    result = { profile: command.optsWithGlobals<{ profile?: string }>().profile }
    throw new Error('read')
  })
  try {
    program.parse(words, { from: 'user' })
  } catch {
    return result
  }
  return undefined
}

/** The texts between quotes in a source, without those in comments, and with something for every placeholder. */
function textsOf(path: string): Printed[] {
  const source = readFileSync(join(ROOT, path), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
  const literals = source.match(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []
  return literals.map((literal) => {
    const filled = literal.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => FILLED.get(name) ?? `<${name}>`)
    return { path, text: filled.slice(1, -1) }
  })
}

function wordsOf(line: string): string[] {
  const words = line.match(/'[^']*'|(?:[^\s']|'[^']*')+/g) ?? []
  return words.map((word) => REPLACED.get(word) ?? word.replace(/^'(.*)'$/, '$1').replace(/^~\//, '/home/alice/'))
}

/** A command in a text. */
interface Found extends Printed {
  readonly before: string
  /** As much as can be read. */
  readonly words: readonly string[]
  /** What is left up to the {@link END}. */
  readonly rest: readonly string[]
}

function commandsIn({ path, text }: Printed): Found[] {
  return [...text.matchAll(/(?<![\w./-])sotto /g)].flatMap(({ 0: start, index }) => {
    const [before, after] = [text.slice(0, index), text.slice(index + start.length)]
    if (PROSE.test(after)) return []
    const all = wordsOf(after.split(before.endsWith('"') ? '"' : END, 1)[0] ?? '')
    const counts = all.map((_word, n) => all.length - n)
    const count = counts.find((each) => read(all.slice(0, each)) !== undefined) ?? 0
    return [{ path, text, before, words: all.slice(0, count), rest: all.slice(count) }]
  })
}

describe('commands that are printed', () => {
  const texts = globSync('{cli,clients,lib,services}/**/*.ts', { cwd: ROOT }).flatMap(textsOf)
  const found = texts.flatMap(commandsIn)
  const typed = found.filter(({ before }) => !MENTION.test(before))

  it('are found', () => {
    expect(typed).to.have.length.above(70)
  })

  it('can be typed as they stand', () => {
    const wrong = typed.filter(({ words, rest: [next = ''] }) => words.length === 0 || /^(?:-|<|[A-Z]{2,}$)/.test(next))
    expect(wrong).to.deep.equal([])
  })

  it('are commands of ours where they are only mentioned', () => {
    const names = sotto().commands.map((command) => command.name())
    for (const { path, words, rest } of found) expect(names, path).to.include([...words, ...rest][0])
  })

  it('are about the profile of whoever reads them', () => {
    const hints = typed.filter(({ path, before }) => !HELP.test(path) && !before.endsWith('they type: '))
    const printed = hints.map(({ path, text }) => ({ path, text: forProfile(text, 'work') }))
    const profiles = printed.flatMap(commandsIn).filter(({ before }) => !MENTION.test(before))
    const wrong = profiles.filter(({ before, words }) => {
      return !before.endsWith('they type: ') && read(words)?.profile !== 'work'
    })
    expect(wrong).to.deep.equal([])
  })
})
