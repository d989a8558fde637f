/**
 * The parts that every command of Sotto has in common: the answer to a command line that cannot be read, the report of
 * a failure, and the exit code.
 *
 * @module
 */
import { type Command, CommanderError } from 'commander'
import { asSottoError, SottoError } from '#lib/errors.ts'
import { environment } from '#lib/runtime/environment.ts'
import { giveBackMemoryAtRest } from '#lib/runtime/memory/give-back-memory.ts'
import { keepObjectsYoung } from '#lib/runtime/memory/young-objects.ts'
import { refuseDebugger } from '#lib/runtime/node-options.ts'
import { findNonUtf8 } from '#lib/runtime/raw-arguments.js'
import { systemRefusal } from '#lib/runtime/system-errors.ts'
import { startTracing, traceModeOf } from '#lib/runtime/tracing/tracing.ts'
import { DEFAULT_PROFILE, forProfile } from '../profile/login-line.ts'
import { wrapHelp } from '../terminal/help-wrap.ts'
import { OutputWatch } from '../terminal/output-watch.ts'
import { ExitCode, exitCodeOf, NEXT_STEPS } from './exit-codes.ts'
import { PendingCommand } from './pending-command.ts'
import { checkValues } from './values.ts'

/** The output for failures. */
type Output = Pick<NodeJS.WritableStream, 'write'>

/**
 * Run a command and its subcommands to the end.
 *
 * @param argv - The arguments of this process alone, without the program's name.
 * @returns The exit code; the process lives until then, whatever the command waits for. Every failure has been told by
 *   then, in lines that begin with the program's name; the last says what to do.
 */
export async function runProgram(program: Command, argv: readonly string[], output: Output): Promise<number> {
  let profile: string | undefined
  const report = (error: unknown) => reportFailure(error, output, profile)
  using _pending = new PendingCommand(report)
  using _memory = giveBackMemoryAtRest()
  using _young = keepObjectsYoung()
  refuseDebugger()
  prepare(program, output)
  program.hook('preAction', (_program, command) => {
    profile = command.optsWithGlobals<{ profile?: string }>().profile
    checkValues(command)
  })
  // Nobody is left to tell.
  if (!process.stderr.listeners('error').includes(ignore)) process.stderr.on('error', ignore)
  using written = new OutputWatch(process.stdout)
  const exitCode = await codeOf(async () => {
    await using _traces = await startTracing(traceModeOf(environment()['SOTTO_TRACES']), 'sotto')
    await parse(program, argv)
  }, report)
  const failure = await written.settle()
  return failure === undefined || exitCode !== ExitCode.Done ? exitCode : report(failure)
}

/** Run a command with the arguments of this process, of which it is all, and leave the exit code to it. */
export function runAsProcess(program: Command): void {
  // No `await`, here or in a main file: a bundle is CommonJS, which has none there.
  void runProgram(program, process.argv.slice(2), process.stderr).then((exitCode) => {
    process.exitCode = exitCode
  })
}

async function parse(program: Command, argv: readonly string[]): Promise<void> {
  const nonUtf8 = findNonUtf8(argv)
  if (nonUtf8 !== undefined) {
    throw new SottoError('ERR_INVALID_UTF8', `an argument is not UTF-8: ${nonUtf8}`, {
      hint: 'write it in UTF-8; a file of such a name must be renamed first',
    })
  }
  await program.parseAsync(argv, { from: 'user' })
}

async function codeOf(run: () => Promise<void>, report: (error: unknown) => number): Promise<number> {
  try {
    await run()
    return Number(process.exitCode ?? ExitCode.Done)
  } catch (error) {
    return report(error)
  }
}

function ignore(): void {}

/**
 * Tell a failure to the person: what, and what to do. A fault of ours is told without its stack.
 *
 * @param profile - The one that the command is about, if it is about one: what to do names it.
 */
export function reportFailure(error: unknown, output: Output, profile = DEFAULT_PROFILE): number {
  // Commander has told about it already, in its own words.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage
  const failure = systemRefusal(error) ?? asSottoError(error)
  // Of a fault of ours, its cause is all that there is to go by.
  const detail = failure.code === 'ERR_INTERNAL' && failure !== error ? `: ${textOf(error)}` : ''
  for (const { field, description } of failure.violations) output.write(`sotto: ${field}: ${description}\n`)
  // Whoever pressed Ctrl-C knows.
  if (failure.code !== 'ERR_INTERRUPTED') output.write(`sotto: ${failure.message}${detail} (${failure.code})\n`)
  const exitCode = exitCodeOf(failure.code)
  const next = failure.hint ?? NEXT_STEPS[exitCode]
  if (next !== undefined) output.write(`sotto: ${forProfile(next, profile)}\n`)
  return exitCode
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function prepare(command: Command, output: Output): void {
  command.exitOverride()
  command.showHelpAfterError(`sotto: try ${pathOf(command)} --help`)
  command.showSuggestionAfterError(true)
  const { isTTY, columns } = process.stdout
  command.configureOutput({
    writeOut: (text) => void process.stdout.write(isTTY ? wrapHelp(text, columns) : text),
    writeErr: (text) => void output.write(text),
    outputError: (text, write) => write(`${inOneLine(text)}${textHint(command, text)}`),
  })
  for (const subcommand of command.commands) prepare(subcommand, output)
}

/** A mistake in a command line as one line of ours, with what was meant, if commander has an idea, behind it. */
function inOneLine(text: string): string {
  return text
    .replace(/^error: /, 'sotto: ')
    .replace(
      /^(sotto: )command-argument value ('.*') is invalid for argument ('.*?')/s,
      '$1the argument $3 cannot be $2',
    )
    .replace(/\n(?=\()/, ' ')
}

/** The hint for a text that was taken for an option, as it begins with a dash, or for several arguments. */
function textHint(command: Command, text: string): string {
  const takesText = command.registeredArguments.some((argument) => argument.name() === 'text')
  if (takesText && text.startsWith('error: too many arguments'))
    return 'sotto: a text of several words goes in quotes\n'
  const [, option] = /^error: unknown option '([^']+)'/.exec(text) ?? []
  if (option === undefined || command.registeredArguments.length === 0) return ''
  return `sotto: if that is no option but a text, write -- before it: -- ${option}\n`
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
