import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { FREE_PORTS } from '../../../cli/up/supervisor.ts'
import manifest from '../../../package.json' with { type: 'json' }
import { outcomeOf } from '../../support/deployment.ts'
import { TestProcess } from '../../support/processes.ts'
import { type InstalledRelease, installRelease, OUTER_PATH } from '../../support/release.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** The largest that the package may be, in bytes. */
const MAX_BYTES = 3_500_000

describe('npm run release', function () {
  this.timeout(300_000)
  let folder: TemporaryFolder
  let release: InstalledRelease
  before(async () => {
    folder = await temporaryFolder()
    release = installRelease(folder.path)
  })
  after(() => folder[Symbol.asyncDispose]())

  const sotto = (args: readonly string[], settings: NodeJS.ProcessEnv = {}, input?: string) =>
    new TestProcess(release.command, args, {
      input,
      env: { PATH: OUTER_PATH, HOME: folder.path, SOTTO_HOME: join(folder.path, 'home'), ...settings },
    })

  it('makes a package of a few megabytes', () => {
    expect(statSync(release.archive).size).to.be.below(MAX_BYTES)
  })

  it('holds the licence of every package that is in it', () => {
    const names = execFileSync('tar', ['-tzf', release.archive], { encoding: 'utf8' }).split('\n')
    for (const name of ['@grpc/grpc-js', 'commander', 'kysely', 'lit-html', 'zod']) {
      expect(names).to.include(`package/third-party/${name}/LICENSE`)
    }
  })

  it('has a send that leaves its text to another process read nothing of gRPC', () => {
    const program = join(dirname(release.command), '..', 'lib', 'node_modules', manifest.name, 'cli', 'talk')
    const read = new Map<string, string>()
    const left = ['main.cjs']
    for (let file = left.pop(); file !== undefined; file = left.pop()) {
      const text = readFileSync(join(program, file), 'utf8')
      read.set(file, text)
      // What is required on demand has no name here.
      const required = [...text.matchAll(/\bimport_\w+=require\("\.\/([^"]+)"\)/g)].map(([, name = '']) => name)
      left.push(...required.filter((name) => !read.has(name)))
    }
    const texts = [...read.values()].join()
    expect(texts).to.include('"clients/sender/sending.ts"')
    expect(texts).not.to.include('"node_modules/@grpc/')
    expect(texts).not.to.include('"node_modules/@opentelemetry/sdk')
  })

  it('makes a command that hosts a server, signs in and sends', async () => {
    const version = await outcomeOf(sotto(['--version']))
    expect(version).to.deep.equal({ code: 0, output: `${manifest.version}\n`, errors: '' })
    const completion = await outcomeOf(sotto(['completion', 'bash']))
    expect(completion.output).to.include('sotto')

    await using up = sotto(['up'], FREE_PORTS)
    await Promise.race([up.errors.until((text) => text.includes('What to type next')), up.ended])
    for (const name of ['alice', 'bob']) {
      const invite = await outcomeOf(sotto(['admin', 'invite', name]))
      const join = sotto(['join', '--profile', name], {}, `${invite.output.trim()}\na password of their own\n`)
      expect((await outcomeOf(join)).code, invite.errors + join.errors.text).to.equal(0)
    }

    const added = await outcomeOf(sotto(['admin', 'add-user', 'carol'], {}, 'a password for carol\n'))
    expect(added.code, added.errors).to.equal(0)
    expect(added.errors).not.to.include('Warning')

    await using receiver = sotto(['receive', '--profile', 'bob', '--listen', '127.0.0.1'])
    await Promise.race([receiver.errors.until((text) => text.includes('online as bob')), receiver.ended])
    await using page = sotto(['web', '--profile', 'alice', '--listen', '127.0.0.1'])
    await Promise.race([page.output.until((text) => text.includes('/#')), page.ended])
    const address = new URL(page.output.text)
    const index = await (await fetch(address)).text()
    const [, script = ''] = /<script type="module" src="([^"]+)">/.exec(index) ?? []
    expect((await fetch(new URL(script, address))).status).to.equal(200)

    const sent = await outcomeOf(sotto(['send', 'bob', 'See you at eight?', '--profile', 'alice']))
    expect(sent.code, sent.errors).to.equal(0)
    expect(receiver.output.text).to.equal('See you at eight?\n')
    receiver.signal('SIGTERM')
    await receiver.ended
    up.signal('SIGTERM')
    expect(await up.ended).to.equal(0)
  })

  it('runs the demo', async () => {
    const demo = new TestProcess(release.command, ['demo'], {
      env: { PATH: OUTER_PATH, HOME: folder.path },
      input: 'first\nsecond\n',
    })
    const { code, output, errors } = await outcomeOf(demo)
    expect(code, errors).to.equal(0)
    expect(output).to.equal('first\nsecond\n')
  })
})
