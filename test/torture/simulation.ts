/**
 * One run of the simulation: two endpoints send each other messages over a network with faults. When all are sent the
 * faults stop. Then the two are not online together for a while, so that what letters can carry must arrive by letter, and
 * be acknowledged so; and at last every message must arrive.
 *
 * @module
 */
import type { Counters } from './counters.ts'
import { Endpoint } from './endpoint.ts'
import { judge } from './oracle.ts'
import { type RunOptions, Violation, World } from './world.ts'

export interface Run {
  readonly seed: number
  /** SHA-256 of the transcript, hexadecimal: equal runs have equal hashes. */
  readonly hash: string
  readonly counters: Counters
  /** Why the run failed, if it did. */
  readonly failure: unknown
}

/** The time for all to arrive once the faults stop, in milliseconds: the longest silence, backoff and many retries. */
const DELIVERY_TIMEOUT_MS = 10 * 60_000

/** The time for letters to carry what they can, likewise: the 14 days after which a lost one is posted again, and two more. */
const LETTERS_TIMEOUT_MS = 16 * 24 * 3_600_000

export async function simulate(options: RunOptions): Promise<Run> {
  const world = new World(options)
  const messages = Math.round(options.messages * world.random.pick([0.5, 0.9]))
  const alice = new Endpoint(world, 'alice', messages)
  const bob = new Endpoint(world, 'bob', options.messages - messages)
  let failure: unknown
  try {
    alice.begin(bob)
    bob.begin(alice)
    await converse(world, [alice, bob])
    judge(alice, bob)
  } catch (error) {
    failure = error
  }
  world.counters.messages = alice.promised + bob.promised
  alice.disk.close()
  bob.disk.close()
  return { seed: options.seed, hash: world.transcriptHash(), counters: world.counters, failure }
}

async function converse(world: World, endpoints: readonly Endpoint[]): Promise<void> {
  const { timeline } = world
  while (!endpoints.every(({ hasEnqueuedAll }) => hasEnqueuedAll)) await step(world)
  const hasMailboxes = world.faults.letterEveryMs !== Number.POSITIVE_INFINITY
  world.stopFaults()
  if (hasMailboxes && world.options.letterFault !== 'letter-lost') await write(world, endpoints)
  const endsAtMs = timeline.monotonicMs() + DELIVERY_TIMEOUT_MS
  while (!endpoints.every(({ isDone }) => isDone)) {
    await step(world)
    if (timeline.monotonicMs() > endsAtMs) throw new Violation('what was sent has not arrived')
  }
}

/** Have letters carry what they can. */
async function write(world: World, endpoints: readonly Endpoint[]): Promise<void> {
  const { timeline } = world
  world.part()
  for (const endpoint of endpoints) endpoint.restart()
  const endsAtMs = timeline.monotonicMs() + LETTERS_TIMEOUT_MS
  while (!endpoints.every(({ hasSaidByLetter }) => hasSaidByLetter)) {
    await step(world)
    if (timeline.monotonicMs() > endsAtMs) throw new Violation('what was left in a mailbox is not acknowledged')
  }
  world.meet()
  for (const endpoint of endpoints) endpoint.restart()
}

/** Run the next scheduled event, and all that follows from it at the same simulated moment. */
async function step(world: World): Promise<void> {
  world.timeline.step()
  await new Promise((resolve) => setImmediate(resolve))
  world.throwFailure()
}
