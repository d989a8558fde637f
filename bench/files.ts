/**
 * What a file costs: from one process to another through the whole program, and beside it, in the same run, a copy and a
 * hash of the same bytes. And what it costs those who talk meanwhile: how long a message takes to be stored at the other
 * side and acknowledged, with nothing else on the line and while a file flows, on loopback and over a slow link.
 *
 *     node bench/files.ts [MEBIBYTES]
 */
import { execFileSync, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { prepareOffer } from '../clients/files/prepare-offer.ts'
import { Installation } from '../test/support/installation.ts'
import { type LinkShape, SlowLink } from '../test/support/slow-link.ts'
import { Talker } from '../test/support/talker.ts'

const MIB = 1024 * 1024

/** How long the delay of messages is measured, in milliseconds, and how often one is said. */
const [MEASURE_MS, EVERY_MS] = [5_000, 50]

/** The other process: takes all that it is offered. */
async function receive(home: string, downloads: string, advertised: string): Promise<void> {
  const bob = await Talker.start({ home: { path: home, [Symbol.asyncDispose]: async () => {} } }, 'bob', {
    acceptInto: downloads,
    trace: undefined,
    listen: { address: '127.0.0.1', port: Number(process.env['BOB_PORT'] ?? 0) },
    advertise: advertised === '' ? [] : [{ address: '127.0.0.1', port: Number(advertised) }],
  })
  process.send?.('online')
  process.once('disconnect', () => void bob[Symbol.asyncDispose]())
}

async function makeFile(path: string, mebibytes: number): Promise<void> {
  const file = createWriteStream(path)
  for (let count = 0; count < mebibytes; count += 1) if (!file.write(randomBytes(MIB))) await once(file, 'drain')
  file.end()
  await once(file, 'close')
}

function timed(work: () => void): number {
  const began = performance.now()
  work()
  return (performance.now() - began) / 1_000
}

/** How long messages take to be delivered, in milliseconds: the median, and the 95th of 100. */
async function delays(alice: Talker, isOver: () => boolean): Promise<string> {
  const measured: number[] = []
  for (const end = performance.now() + MEASURE_MS; performance.now() < end && !isOver(); ) {
    const began = performance.now()
    await alice.messenger.delivered('bob', await alice.messenger.say('bob', 'how long does this take?'))
    measured.push(performance.now() - began)
    await setTimeout(Math.max(0, EVERY_MS - (performance.now() - began)))
  }
  const sorted = measured.sort((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1)
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (${sorted.length} messages)`
}

async function measure(mebibytes: number, shape: LinkShape | undefined): Promise<void> {
  await using installation = await Installation.start()
  for (const name of ['alice', 'bob']) await installation.signUp(name)
  const home = installation.home.path
  const downloads = join(home, 'downloads')
  await mkdir(downloads)
  const source = join(home, 'source.bin')
  await makeFile(source, mebibytes)
  await using link = shape === undefined ? undefined : await SlowLink.start(shape)
  const port = 40_000 + (process.pid % 20_000)
  if (link !== undefined) link.target = `127.0.0.1:${port}`
  const bob = fork(fileURLToPath(import.meta.url), ['--receive', home, downloads, String(link?.port ?? '')], {
    env: { ...process.env, BOB_PORT: String(port) },
  })
  await once(bob, 'message')
  // Either may call the other.
  await using back = shape === undefined ? undefined : await SlowLink.start(shape)
  const listen = { address: '127.0.0.1', port: port + 1 }
  if (back !== undefined) back.target = `127.0.0.1:${listen.port}`
  const advertise = back === undefined ? [] : [{ address: '127.0.0.1', port: back.port }]
  await using alice = await Talker.start(installation, 'alice', { trace: undefined, listen, advertise })
  await alice.messenger.say('bob', 'hello')
  await alice.untilDelivered('bob')

  console.log(
    shape === undefined
      ? 'on loopback'
      : `over ${shape.bytesPerSecond / 1e6} MB/s, ${2 * shape.delayMs} ms there and back`,
  )
  console.log(`  a message, nothing else on the line   ${await delays(alice, () => false)}`)
  const prepared = await prepareOffer(source, { signal: new AbortController().signal })
  const began = performance.now()
  const id = await alice.messenger.files.offer('bob', prepared)
  await alice.until(() => alice.messenger.files.list().some((each) => each.id === id && each.position > 0))
  const isOver = () => alice.store.transfers.get(id)?.state === 'received'
  console.log(`  a message while a file flows          ${await delays(alice, isOver)}`)
  await alice.until(isOver)
  const seconds = (performance.now() - began) / 1_000
  console.log(`  a file of ${mebibytes} MiB, with messages         ${rate(mebibytes, seconds)}`)
  if (shape === undefined) {
    const began = performance.now()
    const again = await alice.messenger.files.offer('bob', prepared)
    await alice.until(() => alice.store.transfers.get(again)?.state === 'received')
    console.log(
      `  a file of ${mebibytes} MiB, alone                 ${rate(mebibytes, (performance.now() - began) / 1_000)}`,
    )
    const copy = join(home, 'copy.bin')
    console.log(
      `  cp, and sync                          ${rate(
        mebibytes,
        timed(() => execFileSync('sh', ['-c', `cp ${source} ${copy} && sync ${copy}`])),
      )}`,
    )
    console.log(
      `  sha256sum                             ${rate(
        mebibytes,
        timed(() => execFileSync('sha256sum', [source])),
      )}`,
    )
    await rm(copy)
  }
  if ((await stat(join(downloads, 'source.bin'))).size !== mebibytes * MIB) throw new Error('it is not all there')
  bob.disconnect()
  await once(bob, 'exit')
}

function rate(mebibytes: number, seconds: number): string {
  return `${((mebibytes * MIB) / 1e6 / seconds).toFixed(0)} MB/s (${seconds.toFixed(2)} s)`
}

const [first = '256', ...rest] = process.argv.slice(2)
if (first === '--receive') {
  const [home = '', downloads = '', advertised = ''] = rest
  await receive(home, downloads, advertised)
} else {
  await measure(Number(first), undefined)
  await measure(16, { bytesPerSecond: 2_000_000, delayMs: 20 })
}
