/** What docs/scripting.md shows, run as it stands, with real processes. */
import { readFileSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { Installation } from '../../support/installation.ts'
import { isRunning, TestProcess } from '../../support/processes.ts'
import { SOTTO_COMMAND } from '../../support/programs.ts'

const DOCUMENT = readFileSync(join(ROOT, 'docs', 'scripting.md'), 'utf8')

/** Python's own environment, with what .ci/run has installed for this. */
const PYTHON_ENV = { ...process.env, PYTHONPATH: join(ROOT, 'node_modules', '.cache', 'python') }

/** The blocks below a heading. */
function blocksOf(heading: string): string[] {
  const [, section = ''] = DOCUMENT.split(`\n## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  return [...own.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
}

describe('docs/scripting.md', function () {
  this.timeout(300_000)
  let installation: Installation
  let env: NodeJS.ProcessEnv
  let cwd: string
  beforeEach(async () => {
    installation = await Installation.start()
    for (const name of ['alice', 'bob']) await installation.auth.addUser(name, `${name}'s password`)
    // Whoever follows the document is alice.
    await installation.signIn('alice', { profile: 'default' })
    await installation.signIn('bob')
    cwd = installation.home.path
    await mkdir(join(cwd, 'bin'))
    await symlink(SOTTO_COMMAND, join(cwd, 'bin', 'sotto'))
    env = { ...environmentOf(cwd), HOME: cwd }
    env['PATH'] = `${join(cwd, 'bin')}:${env['PATH']}`
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const start = (command: string, input?: string | 'open') =>
    new TestProcess('sh', ['-c', `exec ${command}`], { env, cwd, input })

  describe('the bot', () => {
    const [bot = '', command = ''] = blocksOf('A bot in ten lines')

    it('has ten lines', () => {
      expect(bot.trimEnd().split('\n')).to.have.length(10)
    })

    it('answers, and after a kill in the middle once more with the same id, not twice', async () => {
      const answer = join(cwd, 'answer')
      await writeFile(answer, bot)
      await chmod(answer, 0o755)
      await using bob = await installation.receive('bob')
      {
        await using receiver = start(command.trim())
        await receiver.untilStderr('online as alice')
        await installation.send('bob', 'alice', 'hello').done
        await installation.send('bob', 'alice', 'time').done
        await bob.output.until((text) => /^bob, you wrote: hello\n\d\d:\d\d\n$/.test(text))
      }

      // Killed when the command has run, and before its message is marked.
      const holding = join(cwd, 'holding')
      await writeFile(answer, `${bot}\necho $$ > ${holding}\nexec sleep 60\n`)
      {
        await using receiver = start(command.trim())
        await receiver.untilStderr('online as alice')
        await installation.send('bob', 'alice', 'is this answered twice?').done
        while (!isThere(holding)) await new Promise((resolve) => setImmediate(resolve))
        process.kill(receiver.pid, 'SIGKILL')
        // What a reboot would end with it.
        process.kill(Number(readFileSync(holding, 'utf8')), 'SIGKILL')
        await receiver.ended
      }
      await writeFile(answer, bot)
      await using receiver = start(command.trim())
      await receiver.untilStderr('online as alice')
      await installation.send('bob', 'alice', 'time').done
      await bob.output.until((text) => text.split('\n').length === 4)
      expect(bob.output.text).to.match(/^bob, you wrote: hello\n\d\d:\d\d\n\d\d:\d\d\n$/)
    })
  })

  it('is right that Ctrl-C ends a command too, and that its message comes again', async () => {
    const holding = join(cwd, 'holding')
    {
      await using receiver = start(`sotto receive --exec 'echo $$ > ${holding}; exec sleep 60'`)
      await receiver.untilStderr('online as alice')
      await installation.send('bob', 'alice', 'hold on to this').done
      while (!isThere(holding)) await new Promise((resolve) => setImmediate(resolve))
      process.kill(receiver.pid, 'SIGINT')
      expect(await receiver.ended).to.equal(130)
      expect(isRunning(Number(readFileSync(holding, 'utf8')))).to.equal(false)
    }
    await using receiver = start('sotto receive')
    await receiver.untilStdout('hold on to this\n')
  })

  it('shows a chat as it is', async () => {
    const [command = '', orders = '', told = ''] = blocksOf('A chat')
    await using chat = start(command.trim(), 'open')
    await chat.output.until((text) => text.includes('"type":"online"'))
    chat.input.write(orders)
    await chat.output.until((text) => text.includes('"type":"done"'))
    await using _bob = await installation.receive('bob')
    await chat.output.until((text) => text.includes('"state":"delivered"'))
    const lines = objectsOf(chat.output.text)
    // A line may have more fields than the document shows.
    const isTold = (shown: object) => lines.some((line) => isDeepStrictEqual(shown, picked(line, shown)))
    expect(objectsOf(told).filter((shown) => !isTold(shown))).to.deep.equal([])
    chat.input.end()
    expect(await chat.ended).to.equal(0)
    expect(chat.errors.text).to.equal('')
  })

  it('answers from Python, in twenty lines', async function () {
    const [, program = ''] = blocksOf('A program in any language')
    expect(program.split('\n').filter((line) => line !== '')).to.have.length.at.most(20)
    const python = new TestProcess('python3', ['-c', 'import grpc_reflection'], { env: PYTHON_ENV })
    if ((await python.ended) !== 0) this.skip()
    await writeFile(join(cwd, 'answer.py'), program)
    await using receiver = start('sotto receive')
    await receiver.untilStderr('online as alice')
    const socket = join(installation.home.path, 'profiles', 'default', 'agent.sock')
    await using bob = await installation.receive('bob')
    await installation.send('bob', 'alice', 'before it watches').done
    await using _answering = new TestProcess('python3', [join(cwd, 'answer.py'), socket], { env: PYTHON_ENV })
    // What comes before it watches is not answered, so it is asked until it does.
    while (!bob.output.text.includes('you wrote: hello')) await installation.send('bob', 'alice', 'hello').done
    expect(bob.output.text).to.not.include('before it watches')
  })

  it('shows JSON lines as they are', async () => {
    const [sending = '', reports = '', receiving = '', messages = ''] = blocksOf('JSON lines')
    await using receiver = start(`${receiving.trim()} --profile bob`)
    await receiver.untilStderr('online as bob')
    await using sender = new TestProcess('sh', ['-c', sending], { env, cwd })
    expect(await sender.ended, sender.errors.text).to.equal(0)
    expect(objectsOf(sender.output.text)).to.deep.equal(objectsOf(reports))
    await receiver.output.until((text) => text.split('\n').length === 3)
    expect(objectsOf(receiver.output.text)).to.deep.equal(objectsOf(messages))
  })
})

/** JSON lines, without what differs from one run to the next. */
function objectsOf(lines: string): object[] {
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (name, value) => (/^id$|At$/.test(name) ? typeof value : value)))
}

/** An object with the fields of another alone; what it lacks is undefined. */
function picked(object: object, like: object): object {
  return Object.fromEntries(Object.keys(like).map((name) => [name, (object as Record<string, unknown>)[name]]))
}

/** Whether a line was written to it. */
function isThere(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').endsWith('\n')
  } catch {
    return false
  }
}
