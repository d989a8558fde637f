/** What `sotto up` and `sotto admin add-user` tell people to type works in a shell that knows nothing of either. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { FREE_PORTS } from '../../../cli/up/supervisor.ts'
import { type Outcome, outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const PASSWORD = 'a long enough password'

describe('what people are told to type', () => {
  let folder: TemporaryFolder

  beforeEach(async () => {
    folder = await temporaryFolder()
    await mkdir(join(folder.path, 'elsewhere'))
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  /** Type a line into a shell of its own, in another folder and with no setting. */
  const open = (line: string, input: string): TestProcess => {
    const { PATH } = environmentOf('')
    const cwd = join(folder.path, 'elsewhere')
    return new TestProcess('sh', ['-c', line], { env: { PATH, HOME: cwd }, cwd, input })
  }

  const type = async (line: string, input: string): Promise<Outcome> => {
    await using shell = open(line, input)
    return await outcomeOf(shell)
  }

  /** The line of a text that has these words, in full. */
  const lineOf = (text: string, words: string) =>
    text
      .split('\n')
      .find((line) => line.includes(words))
      ?.trim() ?? ''

  it('is what sotto up prints, with ports and a home of its own, where sotto is not installed', async () => {
    // Named from where it is started, which is not where the lines are typed.
    const env = environmentOf("it's here", FREE_PORTS)
    await using up = new TestProcess(execPath, [SOTTO, 'up'], { env, cwd: folder.path })
    await up.untilStderr('What to type next')
    await up.untilStderr('Ctrl-C stops it')
    const invited = await type(lineOf(up.errors.text, 'admin invite alice'), '')
    expect(invited.code, invited.errors).to.equal(0)
    const joined = await type(lineOf(up.errors.text, ' join'), `${invited.output}${PASSWORD}\n`)
    expect(joined.code, joined.errors).to.equal(0)
    expect(joined.errors).to.include('welcome, alice')
    const addUser = lineOf(up.errors.text, 'admin invite').replace('invite alice', 'add-user bob')
    const added = await type(addUser, `${PASSWORD}\n`)
    expect(added.code, added.errors).to.equal(0)

    // What add-user has printed is typed on another machine, where sotto is installed.
    await writeFile(join(folder.path, 'password'), PASSWORD)
    const sotto = `${execPath} ${SOTTO}`
    const chat = lineOf(added.errors, '--login bob@').replace('sotto', sotto)
    await using online = open(`exec ${chat} --json --password-file ../password`, 'open')
    // Auth let bob in, and the directory that Auth names answers.
    await Promise.race([online.output.until((text) => text.includes('{"type":"online"')), online.ended])
    online.input.end('{"command":"quit"}\n')
    expect(await online.ended, online.errors.text).to.equal(0)
    expect(online.errors.text).to.include('signed in as bob')
    up.signal('SIGTERM')
    expect(await up.ended).to.equal(0)
  })
})
