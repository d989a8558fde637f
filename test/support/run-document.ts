/**
 * Runs the commands of a document, in their order, and compares what they print.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { isAsExpected, type Step, stepsOf } from './document.ts'
import { SOTTO_COMMAND } from './programs.ts'
import { Shell } from './shell.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const ROOT = fileURLToPath(import.meta.resolve('../..'))

/** How long a step may take, in milliseconds; the longest take two seconds on an idle machine, and ten times that on a busy one. */
const STEP_TIMEOUT_MS = 60_000

/** A tool that a clone and a usual Linux lack, and why it cannot be used here; undefined where it can. */
export interface OptionalTool {
  readonly used: RegExp
  readonly refusal: string | undefined
}

/** The reason why a command cannot be used on this machine. */
export function missing(command: string, ...args: string[]): string | undefined {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' })
  if (error) return `${command} is not on this machine`
  return status === 0 ? undefined : `this machine's ${command} is too old`
}

export interface RunDocumentOptions {
  /** A document that has no more steps than this was not read. */
  readonly moreSteps: number
  readonly tools: readonly OptionalTool[]
  /** The settings that the document leaves open, so that it can run concurrently with anything else on the machine. */
  readonly settings?: () => Promise<Readonly<Record<string, string>>>
}

/** @param name - Of the document in docs/. */
export function runDocument(name: string, { moreSteps, tools, settings }: RunDocumentOptions): void {
  const steps = stepsOf(readFileSync(join(ROOT, 'docs', name), 'utf8'))
  const refusalOf = ({ commands }: Step) => tools.find(({ used, refusal }) => refusal && used.test(commands))?.refusal

  describe(`docs/${name}`, () => {
    let folder: TemporaryFolder
    let shell: Shell

    before(async () => {
      folder = await temporaryFolder()
      for (const each of ['bin', 'blocks', 'tmp']) await mkdir(join(folder.path, each))
      // What the install does, but for the bundle (test/system/host/release.test.ts).
      await symlink(SOTTO_COMMAND, join(folder.path, 'bin', 'sotto'))
      const env = {
        ...process.env,
        ...(await settings?.()),
        PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}`,
        TMPDIR: join(folder.path, 'tmp'),
      }
      shell = new Shell(join(folder.path, 'blocks'), { env, cwd: ROOT })
    })
    after(async () => {
      await shell[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    })

    it(`has more than ${moreSteps} steps`, () => expect(steps).to.have.length.above(moreSteps))

    for (const step of steps) {
      const refusal = refusalOf(step)
      it(`${step.section}, line ${step.line}${refusal ? `: ${refusal}` : ''}`, async function () {
        if (refusal) return this.skip()
        this.timeout(2 * STEP_TIMEOUT_MS)
        const printed = await shell.run(step.commands, STEP_TIMEOUT_MS)
        if (step.expected === undefined) expect(printed).to.equal('')
        // Only a failure compares the two as they are, to show where they differ.
        else if (!isAsExpected(printed, step.expected)) expect(printed).to.equal(step.expected)
      })
    }
  })
}
