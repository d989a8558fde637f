/**
 * `npm run torture -- --processes`: a conversation of real programs, which are killed with SIGKILL and started again,
 * each side in turn (docs/reliability.md).
 *
 * Half of it is between two chats. In the other half one side has a chat, and the other a `sotto receive --json` whose
 * standard output is judged too. Then a file goes from one chat to another.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { Deployment } from '../../test/support/deployment.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { SeededRandom } from '../random.ts'
import { tortureFile } from './file.ts'
import { drawKills, killInTurn, untilAllIsSaid } from './killing.ts'
import { type Moved, Side } from './side.ts'
import { judgeShown, judgeStores } from './verdict.ts'

export interface ProcessesOptions {
  readonly seed: number
  readonly messages: number
  readonly kills: number
  /** Of the file that is sent in the end; 0 for none. */
  readonly fileBytes: number
  /** Told what happens. */
  readonly tell: (line: string) => void
}

/** @throws Violation if anything is lost, comes twice or out of order. */
export async function tortureProcesses(options: ProcessesOptions): Promise<void> {
  const { seed, messages, kills, fileBytes, tell } = options
  const random = new SeededRandom(`processes ${seed}`)
  const beganMs = performance.now()
  await using deployment = await Deployment.start()
  await deployment.signUp('alice', 'bob')
  const moved: Moved = new EventEmitter()
  const alice = new Side({ deployment, moved, name: 'alice', peer: 'bob' })
  const bob = new Side({ deployment, moved, name: 'bob', peer: 'alice' })
  const sides = [alice, bob] as const
  const half = Math.floor(messages / 2)

  tell(`${half} messages between two chats, seed ${seed}`)
  for (const side of sides) side.start('chat')
  await converse(sides, {
    moved,
    tell,
    kills: drawKills(random, Math.ceil(kills / 2), half),
    counts: [Math.ceil(half / 2), Math.floor(half / 2)],
  })

  tell(`${messages - half} messages from a chat to sotto receive`)
  const runsBefore = bob.runs.length
  const shownFrom = alice.goal + 1
  alice.start()
  bob.start('receive')
  await converse(sides, {
    moved,
    tell,
    kills: drawKills(random, Math.floor(kills / 2), messages - half),
    counts: [messages - half, 0],
  })
  const repeats = judgeShown('what bob was shown', bob.runs.slice(runsBefore), [shownFrom, alice.goal])
  const seconds = Math.round((performance.now() - beganMs) / 1_000)
  tell(`nothing lost, nothing twice, all in order: ${messages} messages, ${kills} kills, ${seconds} s`)
  tell(`standard output had ${repeats} messages again, with their ids`)
  if (fileBytes === 0) return
  await using folder = await temporaryFolder()
  await tortureFile({ alice, bob, random, folder: folder.path, bytes: fileBytes, kills, tell })
  await Promise.all(sides.map((side) => side.stop()))
}

interface Plan extends Pick<ProcessesOptions, 'tell'> {
  readonly moved: Moved
  readonly kills: ReturnType<typeof drawKills>
  /** How many each side says. */
  readonly counts: readonly [number, number]
}

/** Let them talk while they are killed, end both programs in order, and judge. */
async function converse(sides: readonly [Side, Side], { counts, ...plan }: Plan): Promise<void> {
  for (const [index, side] of sides.entries()) side.say(counts[index] ?? 0)
  await Promise.all([killInTurn(sides, plan), untilAllIsSaid(sides, plan.moved)])
  for (const side of sides) await side.untilDelivered()
  await Promise.all(sides.map((side) => side.stop()))
  await judgeStores(sides)
}
