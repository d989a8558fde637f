/**
 * A large file from one chat to another, which are killed in turn while it is transferred.
 *
 * @module
 */
import { createHash, randomFillSync } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import { sha256Of } from '../../../clients/files/disk/hash-file.ts'
import { freePort } from '../../support/free-port.ts'
import { Link } from '../../support/link.ts'
import type { SeededRandom } from '../random.ts'
import { Violation } from '../world.ts'
import type { Side } from './side.ts'

export interface FileTorture {
  readonly alice: Side
  readonly bob: Side
  readonly random: SeededRandom
  /** An empty folder, for the source and the copy. */
  readonly folder: string
  readonly bytes: number
  readonly kills: number
  readonly report: (line: string) => void
}

const NAME = 'large.bin'

/** The most that the wire adds to a chunk, as a part of it: seals, HTTP/2 frames, acknowledgements; measured 0.2 %. */
const OVERHEAD = 0.004

/** The most that the wire adds to a conversation, in bytes: the handshake, settings, heartbeats. */
const HANDSHAKE_BYTES = 32 * 1024

/** Send a file from Alice to Bob. @throws Violation if it arrives changed, or too much of it is sent twice. */
export async function tortureFile({ alice, bob, random, folder, bytes, kills, report }: FileTorture): Promise<void> {
  const source = join(folder, NAME)
  const sha256 = await writeRandom(source, bytes)
  const inbox = join(folder, 'inbox')
  await using toAlice = await startBehindLink(alice, [])
  await using toBob = await startBehindLink(bob, ['--accept-files', inbox])
  // The bytes from Alice to Bob, whichever of the two has called.
  const carried = () => toBob.carriedThere + toAlice.carriedBack
  const beganMs = performance.now()
  alice.type(`/file ${source}`)

  const points = Array.from({ length: kills }, () => random.between(1, bytes)).sort((a, b) => a - b)
  let [sizeAtLast, carriedAtLast] = [0, 0]
  for (const [index, point] of points.entries()) {
    await untilReceived(inbox, point)
    const victim = index % 2 === 0 ? alice : bob
    await victim.kill()
    // What is on its way to a program that lives may still arrive, and then need not be sent again.
    sizeAtLast = await untilSteady(() => receivedSize(inbox))
    carriedAtLast = carried()
    report(`kill ${victim.name} when ${shown(sizeAtLast)} of ${shown(bytes)} are there`)
    victim.start()
  }
  await untilReceived(inbox, Number.POSITIVE_INFINITY)
  const seconds = (performance.now() - beganMs) / 1_000
  if ((await sha256Of(join(inbox, NAME))).toString('hex') !== sha256)
    throw new Violation('the file is not what was sent')
  const left = await readdir(inbox)
  if (left.length > 1) throw new Violation(`with the file there is ${left.join(', ')}`)

  const rest = bytes - sizeAtLast
  const again = carried() - carriedAtLast - rest
  const limit = MAX_CHUNK_BYTES + rest * OVERHEAD + HANDSHAKE_BYTES
  if (again > limit) throw new Violation(`of what was there at the last kill, ${shown(again)} went again`)
  const twice = Math.max(0, carried() - bytes * (1 + OVERHEAD / 2) - kills * HANDSHAKE_BYTES)
  report(`the file arrived as it was: ${shown(bytes)}, ${kills} kills, ${seconds.toFixed(0)} s`)
  report(`after the last kill ${shown(rest)} were left, and ${shown(rest + again)} went over the wire`)
  report(`in all ${shown(twice)} went twice: what was on its way when a program died`)
}

/** Start a chat that is called through a link, which counts the bytes. */
async function startBehindLink(side: Side, args: readonly string[]): Promise<Link> {
  const port = await freePort()
  const link = await Link.to(`127.0.0.1:${port}`)
  side.start('chat', ['--listen', `127.0.0.1:${port}`, '--advertise', link.address, ...args])
  return link
}

/** Write a file that no disk can compress. Returns its SHA-256 in hexadecimal digits. */
async function writeRandom(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  await using file = await open(path, 'w', 0o600)
  const block = Buffer.alloc(2 ** 20)
  for (let written = 0; written < bytes; written += block.length) {
    const piece = randomFillSync(block).subarray(0, bytes - written)
    hash.update(piece)
    await file.write(piece)
  }
  return hash.digest('hex')
}

/** The bytes of the file that are stored; infinite once it is complete and in its place. */
async function receivedSize(inbox: string): Promise<number> {
  const names = await readdir(inbox).catch((): string[] => [])
  if (names.includes(NAME)) return Number.POSITIVE_INFINITY
  const partial = names.find((name) => name.endsWith('.part'))
  if (partial === undefined) return 0
  return stat(join(inbox, partial, NAME)).then(
    ({ size }) => size,
    () => 0,
  )
}

/** How often the size is polled, in milliseconds. */
const POLL_INTERVAL_MS = 2

/** The longest time without progress, in milliseconds: the longest silence, backoff, and a call. */
const IDLE_TIMEOUT_MS = 90_000

async function untilReceived(inbox: string, size: number): Promise<void> {
  let known = 0
  for (let sinceMs = performance.now(); known < size; await setTimeout(POLL_INTERVAL_MS)) {
    const current = await receivedSize(inbox)
    if (current !== known) sinceMs = performance.now()
    known = current
    if (performance.now() - sinceMs > IDLE_TIMEOUT_MS) throw new Violation(`after ${known} bytes nothing more comes`)
  }
}

/** Wait until a size stays the same for a fifth of a second. */
async function untilSteady(size: () => Promise<number>): Promise<number> {
  for (let known = await size(); ; ) {
    await setTimeout(200)
    const current = await size()
    if (current === known) return known
    known = current
  }
}

function shown(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`
}
