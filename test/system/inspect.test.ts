import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { isAsExpected, type Step, stepsOf } from '../support/document.ts'
import { freePort } from '../support/free-port.ts'
import { captureRefusal } from '../support/packet-capture.ts'
import { Shell } from '../support/shell.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const ROOT = fileURLToPath(import.meta.resolve('../..'))
const STEPS = stepsOf(readFileSync(join(ROOT, 'docs', 'inspect.md'), 'utf8'))

/** How long a step may take, in milliseconds; the longest take two seconds on an idle machine. */
const STEP_TIMEOUT_MS = 30_000

/** The settings that the tour leaves open, so that it can run concurrently with anything else on the machine. */
const PORT_SETTINGS = [
  'SOTTO_AUTH_PORT',
  'SOTTO_DIRECTORY_PORT',
  'SOTTO_SEALING_PORT',
  'SOTTO_AUTH_ADMIN_PORT',
  'SOTTO_DIRECTORY_ADMIN_PORT',
  'PEER_PORT',
]

/** The tools that a clone and a usual Linux lack, and why each cannot be used here; undefined where it can. */
const OPTIONAL_TOOLS = [
  { used: /\bgrpcurl\b/, refusal: missing('grpcurl', '-version') },
  { used: /\bopenssl\b/, refusal: missing('openssl', 'kdf', '-help') },
  { used: /\b(dumpcap|DUMPCAP|look|chat\.pcapng)\b/, refusal: missing('tshark', '-v') ?? captureRefusal() },
]

/** The reason why a step cannot be run on this machine; undefined where it can. */
function refusalOf({ commands }: Step): string | undefined {
  return OPTIONAL_TOOLS.find(({ used, refusal }) => refusal && used.test(commands))?.refusal
}

function missing(command: string, ...args: string[]): string | undefined {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' })
  if (error) return `${command} is not on this machine`
  return status === 0 ? undefined : `this machine's ${command} is too old`
}

describe('docs/inspect.md', () => {
  let folder: TemporaryFolder
  let shell: Shell

  before(async () => {
    folder = await temporaryFolder()
    for (const name of ['bin', 'blocks', 'tmp']) await mkdir(join(folder.path, name))
    // What the install does, but for the bundle (test/system/release.test.ts).
    await symlink(join(ROOT, 'bin', 'sotto'), join(folder.path, 'bin', 'sotto'))
    const ports = await Promise.all(PORT_SETTINGS.map(async (name) => [name, String(await freePort())]))
    const env = {
      ...process.env,
      ...Object.fromEntries(ports),
      PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}`,
      TMPDIR: join(folder.path, 'tmp'),
    }
    shell = new Shell(join(folder.path, 'blocks'), { env, cwd: ROOT })
  })
  after(async () => {
    await shell[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  it('has more than 20 steps', () => expect(STEPS).to.have.length.above(20))

  for (const step of STEPS) {
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
