/**
 * `npm run torture -- --processes`: a conversation of real programs, which are killed with SIGKILL and started again,
 * each side in turn (docs/reliability.md).
 *
 * A quarter of the messages goes between two chats, and another through the relay, which is killed and stopped too. The
 * next quarter goes from a chat to a `sotto receive --json`, whose standard output is judged too; the last one goes through
 * a `sotto send`, concurrent with a `sotto receive` of the same person. Then a file goes from one chat to another.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { Deployment } from '../../support/deployment.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { SeededRandom } from '../random.ts'
import { tortureFile } from './file.ts'
import { drawKills, type Killing, killInTurn, untilAllTaken } from './killing.ts'
import { LockHolder } from './lock-holder.ts'
import { RelayVictim } from './relay-victim.ts'
import { Side } from './side.ts'
import { judgeShown, judgeStores } from './verdict.ts'
import type { Activity } from './victim.ts'

export interface ProcessesOptions {
  readonly seed: number
  readonly messages: number
  readonly kills: number
  /** The size of the file that is sent in the end; 0 for none. */
  readonly fileBytes: number
  /** Called with a line about each thing that happens. */
  readonly report: (line: string) => void
}

/** Run the whole torture. @throws Violation if anything is lost, comes twice or out of order. */
export async function tortureProcesses(options: ProcessesOptions): Promise<void> {
  const { seed, messages, kills, fileBytes, report } = options
  const random = new SeededRandom(`processes ${seed}`)
  const beganMs = performance.now()
  await using deployment = await Deployment.start({ SOTTO_RELAY: 'on' })
  await deployment.signUp('alice', 'bob')
  const activity: Activity = new EventEmitter()
  const alice = new Side({ deployment, activity, name: 'alice', peer: 'bob' })
  const bob = new Side({ deployment, activity, name: 'bob', peer: 'alice' })
  const sides = [alice, bob] as const
  const [parts, killed] = [inFour(messages), inFour(kills)]
  const draw = (part: 0 | 1 | 2 | 3) => drawKills(random, killed[part], parts[part])

  report(`${parts[0]} messages between two chats, seed ${seed}`)
  for (const side of sides) side.start('chat')
  const half = Math.ceil(parts[0] / 2)
  await converse(sides, { activity, report, victims: sides, kills: draw(0), counts: [half, parts[0] - half] })

  report(`${parts[1]} messages between two chats through the relay`)
  for (const side of sides) side.start('chat', ['--relay-only'])
  const victims = [new RelayVictim(deployment), alice, bob]
  const part = Math.ceil(parts[1] / 2)
  await converse(sides, { activity, report, victims, kills: draw(1), counts: [part, parts[1] - part] })

  report(`${parts[2]} messages from a chat to a receive`)
  const runsBefore = bob.runs.length
  const shownFrom = alice.total + 1
  alice.start('chat', ['--any-route'])
  bob.start('receive', ['--any-route'])
  await converse(sides, { activity, report, victims: sides, kills: draw(2), counts: [parts[2], 0] })

  report(`${parts[3]} messages from a send, concurrent with a receive that comes and goes, to a receive`)
  const lockHolder = new LockHolder(deployment, alice.name)
  lockHolder.start()
  alice.start('send', [])
  bob.start('receive')
  await converse(sides, { activity, report, victims: [alice, bob, lockHolder], kills: draw(3), counts: [parts[3], 0] })
  await lockHolder.stop()

  const repeats = judgeShown('what bob was shown', bob.runs.slice(runsBefore), [shownFrom, alice.total])
  const seconds = Math.round((performance.now() - beganMs) / 1_000)
  report(`nothing lost, nothing twice, all in order: ${messages} messages, ${kills} kills, ${seconds} s`)
  report(`standard output had ${repeats} messages again, with their ids`)
  if (fileBytes === 0) return
  await using folder = await temporaryFolder()
  await tortureFile({ alice, bob, random, folder: folder.path, bytes: fileBytes, kills, report })
  await Promise.all(sides.map((side) => side.stop()))
}

/** Split a number into four parts of about the same size. */
function inFour(count: number): [number, number, number, number] {
  const quarter = Math.floor(count / 4)
  return [quarter, count - 3 * quarter, quarter, quarter]
}

interface Plan extends Killing {
  /** How many messages each side sends. */
  readonly counts: readonly [number, number]
}

/** Let both sides send while they are killed, then end both programs in order and judge the stores. */
async function converse(sides: readonly [Side, Side], { counts, ...killing }: Plan): Promise<void> {
  for (const [index, side] of sides.entries()) side.enqueue(counts[index] ?? 0)
  await Promise.all([killInTurn(sides, killing), untilAllTaken(sides, killing.activity)])
  for (const side of sides) await side.untilDelivered()
  await Promise.all(sides.map((side) => side.stop()))
  await judgeStores(sides)
}
