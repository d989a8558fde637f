import { execFile } from 'node:child_process'
import { join, matchesGlob, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import manifest from '../../package.json' with { type: 'json' }
import { environmentOf, ROOT } from '../support/environment.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)

/** Writes to standard error which modules a program has loaded, one URL a line. */
const LISTING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  const urls = new Set()
  registerHooks({ load: (url, context, next) => { urls.add(url); return next(url, context) } })
  process.on('exit', () => process.stderr.write([...urls].join('\\n')))
`)}`

/** What a command line is read with. Each module more is a millisecond of every command. */
const COMMAND_LINE = [
  'bin/new-enough.js',
  'bin/sotto.js',
  'cli/*.ts',
  'cli/{account,admin,completion}/*.ts',
  'cli/demo/{command,network/tamperings}.ts',
  'cli/doctor/command.ts',
  'clients/chat/chat-command.ts',
  'clients/command/*.ts',
  'clients/profile/login-line.ts',
  'clients/receiver/command.ts',
  'clients/sender/command.ts',
  'clients/sender/wait.ts',
  'clients/session/announcement/endpoints.ts',
  'clients/terminal/*.ts',
  'clients/web/web-command.ts',
  'lib/delivery/limits.ts',
  'lib/errors.ts',
  'lib/runtime/*.{ts,js}',
  'lib/runtime/memory/{collector,give-back-memory,young-objects}.ts',
  'lib/runtime/network/ranges.ts',
  'lib/runtime/tracing/tracing.ts',
  'lib/validation.ts',
  'node_modules/commander/**',
  'package.json',
]

/** What reads a profile, and lists the names in it. */
const PROFILE = [
  'clients/profile/*.ts',
  'gen/google/protobuf/*.ts',
  'gen/sotto/peer/v1/ticket.ts',
  'lib/*.ts',
  'lib/{noise,session,ticket}/*.ts',
  'node_modules/@bufbuild/protobuf/**',
]

describe('the start of sotto', () => {
  let home: TemporaryFolder
  before(async () => {
    home = await temporaryFolder()
  })
  after(() => home[Symbol.asyncDispose]())

  /** What a command has loaded that none of the patterns names. */
  async function unexpected(args: readonly string[], patterns: readonly string[]): Promise<string[]> {
    const all = ['--import', LISTING, join(ROOT, 'bin', 'sotto.js'), ...args]
    const { stderr } = await run(process.execPath, all, { env: environmentOf(home.path) })
    const paths = stderr
      .split('\n')
      .filter((url) => url.startsWith('file:'))
      // A folder of packages may be shared, and lie elsewhere.
      .map((url) => relative(ROOT, fileURLToPath(url)).replace(/^.*(?=node_modules\/)/, ''))
    expect(paths).to.include('bin/sotto.js')
    return paths.filter((path) => !patterns.some((pattern) => matchesGlob(path, pattern)))
  }

  it('loads next to nothing to say its version', async () => {
    expect(await unexpected(['--version'], ['bin/{sotto,new-enough}.js'])).to.deep.equal([])
  })

  for (const args of [['--help'], ['send', '--help'], ['completion', 'bash'], ['completion', 'fish']]) {
    it(`loads no more than what reads command lines: ${args.join(' ')}`, async () => {
      expect(await unexpected(args, COMMAND_LINE)).to.deep.equal([])
    })
  }

  it('loads no more than what reads a profile to complete a name', async () => {
    expect(await unexpected(['complete-contacts'], [...COMMAND_LINE, ...PROFILE])).to.deep.equal([])
  })

  it('loads nothing of gRPC for a send that another process of the profile takes on', async () => {
    const send = `import(${JSON.stringify(pathToFileURL(join(ROOT, 'clients', 'sender', 'send.ts')))})`
    const { stderr } = await run(process.execPath, ['--import', LISTING, '--eval', send])
    expect(stderr.split('\n')).to.satisfy((urls: string[]) => urls.some((url) => url.endsWith('/store/store.ts')))
    expect(stderr.split('\n').filter((url) => url.includes('grpc'))).to.deep.equal([])
  })

  it('says the version of the package, whoever is asked', async () => {
    const launcher = await run(join(ROOT, 'bin', 'sotto'), ['--version'])
    const alone = await run(process.execPath, [join(ROOT, 'bin', 'sotto.js'), '--version'])
    const inFull = await run(process.execPath, [join(ROOT, 'cli', 'main.ts'), '--version'])
    for (const { stdout } of [launcher, alone, inFull]) expect(stdout).to.equal(`${manifest.version}\n`)
  })
})
