/**
 * The commands over links to somewhere far away, and over links that lose one connection in twenty: on real processes, with
 * a relay before each service and each person. They end with the exit codes of a link that is near, and say the same words.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'
import { oneInTwenty } from '../../support/far-link.ts'
import { type Distance, FarPeople, type Said } from '../../support/far-people.ts'
import type { TestProcess } from '../../support/processes.ts'

const ROUND_TRIPS_MS = [100, 300, 600, 1_200]

/** How often it is done over links that are cut, each time with another seed. */
const SEEDS = Number(process.env['FAR_SEEDS'] ?? 3)

/** What all commands have said, by what they were to do. */
type Outcomes = Readonly<Record<string, Said>>

describe('sign-in, send, receive, chat, files and verify', function () {
  this.timeout(300_000)
  let deployment: Deployment
  let near: Outcomes
  let count = 0
  /** The runs over links to far away, which take their time side by side. */
  const far = new Map<number, Promise<Outcomes>>()

  before(async () => {
    deployment = await Deployment.start()
    near = await useAll({})
    for (const ms of ROUND_TRIPS_MS) far.set(ms, useAll({ roundTripMs: ms }))
    // Each is awaited by a test of its own.
    for (const run of far.values()) run.catch(() => undefined)
  })
  after(() => deployment[Symbol.asyncDispose]())

  async function useAll(distance: Distance): Promise<Outcomes> {
    count += 1
    await using people = await FarPeople.begin(deployment, count, distance)
    return {
      ...(await signIn(people)),
      ...(await sendAndReceive(people)),
      ...(await chat(people)),
      'what was said': await people.run('bob', 'history', people.alice),
      verify: await people.run('alice', 'verify', people.bob, '--yes'),
      'verify at the other side': await people.run('bob', 'verify', people.alice, '--yes'),
      logout: await people.run('alice', 'logout'),
      'send without a session': await people.run('alice', 'send', people.bob, 'hello'),
    }
  }

  for (let seed = 1; seed <= SEEDS; seed += 1) {
    it(`go the same way with one connection in twenty cut, seed ${seed}`, async () => {
      const outcomes = await useAll({ cutAfter: oneInTwenty(seed) })
      expect(withoutComings(outcomes)).to.deep.equal(withoutComings(near))
    })
  }

  for (const ms of ROUND_TRIPS_MS) {
    it(`go the same way over round trips of ${ms} ms`, async () => {
      expect(await far.get(ms)).to.deep.equal(near)
    })
  }
})

async function signIn(people: FarPeople): Promise<Outcomes> {
  const server = await people.linkToServices()
  const login = async (profile: string, account: string, password: string) => {
    const file = await people.file(`password-${profile}`, `${password}\n`)
    return await people.run(profile, 'login', account, '--server', server, '--password-file', file)
  }
  const { alice, bob } = people
  const [wrong, ofAlice, ofBob] = await Promise.all([
    login('mallory', alice, 'a wrong one'),
    login('alice', alice, `${alice}'s password`),
    login('bob', bob, `${bob}'s password`),
  ])
  return { 'login with a wrong password': wrong, login: ofAlice, 'login at the other side': ofBob }
}

async function sendAndReceive(people: FarPeople): Promise<Outcomes> {
  const content = 'notes '.repeat(20_000)
  const notes = await people.file('notes.txt', content)
  const listens = await people.linkToListener()
  const args = ['receive', ...listens, '--accept-files', people.inbox, '--log-level', 'error']
  const bob = people.start('bob', args)
  await bob.untilStderr('online as')
  const send = await people.run('alice', 'send', people.bob, 'hello')
  const nobody = await people.run('alice', 'send', 'nobody', 'hello')
  const file = await people.run('alice', 'send', people.bob, 'and a file', '--file', notes)
  await bob.untilStderr(/received as.*(has left|broke)\n/s)
  bob.signal('SIGINT')
  const receive = await people.endOf(bob)
  expect(await readFile(join(people.inbox, 'notes.txt'), 'utf8')).to.equal(content)
  const late = await people.run('alice', 'send', people.bob, 'too late')
  return { send, 'send to nobody': nobody, 'send a file': file, receive, 'send to who is not there': late }
}

async function chat(people: FarPeople): Promise<Outcomes> {
  const begin = async (profile: string) => {
    const running = people.start(profile, ['chat', '--json', ...(await people.linkToListener())], { input: 'open' })
    await untilShown(running, '"type":"online"')
    return running
  }
  const [alice, bob] = await Promise.all([begin('alice'), begin('bob')])
  const say = async (from: TestProcess, to: string, text: string, at: TestProcess) => {
    from.input.write(`${JSON.stringify({ to, text })}\n`)
    await untilShown(at, `"text":"${text}"`)
  }
  await say(alice, people.bob, 'in the chat', bob)
  await say(bob, people.alice, 'likewise', alice)
  const leave = async (running: TestProcess): Promise<Said> => {
    running.input.end('{"command":"quit"}\n')
    const [code, output] = await people.endOf(running)
    return [code, messagesOf(output)]
  }
  return { chat: await leave(alice), 'chat at the other side': await leave(bob) }
}

/** Wait until a chat has written something. @throws Error with all that it printed, if it ends before. */
async function untilShown(running: TestProcess, expected: string): Promise<void> {
  await Promise.race([running.output.until((text) => text.includes(expected)), running.ended])
  if (running.output.text.includes(expected)) return
  throw new Error(`it has ended (${await running.ended}):\n${running.errors.text}`)
}

/** What came in a chat, and what went wrong; when each message went how far differs from link to link. */
function messagesOf(output: string): string {
  const events = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const told = events.filter(({ type, state }) => type === 'error' || (type === 'message' && state === 'received'))
  return told.map(({ from, text, code }) => code ?? `${from}: ${text}`).join('\n')
}

/** What is said of connections that come and go: one that is cut may be told of, or come again. */
const COMINGS =
  /^sotto: (\S+ (is here|has left)|the connection to .*|offline: .*|online again|what you wrote last waits .*)\n/gm

function withoutComings(outcomes: Outcomes): Outcomes {
  const entries = Object.entries(outcomes)
  return Object.fromEntries(entries.map(([what, [code, words]]) => [what, [code, words.replaceAll(COMINGS, '')]]))
}
