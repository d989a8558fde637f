/**
 * A benchmark of file transfers: from one process to another through the whole program, and for comparison, in the same
 * run, a copy and a hash of the same bytes. Then the delay of messages meanwhile: how long one takes to be stored at
 * the other side and acknowledged, without and with a transfer, on loopback and over a slow link.
 *
 *     node test/bench/files.ts [MEBIBYTES]
 */
import { execFileSync, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type PreparedOffer, prepareOffer } from '../../clients/files/offer/prepare-offer.ts'
import { freePort } from '../support/free-port.ts'
import { Installation } from '../support/installation.ts'
import { MessengerUnderTest } from '../support/running-messenger.ts'
import { type LinkShape, SlowLink } from '../support/slow-link.ts'

const MIB = 1024 * 1024
const HOST = '127.0.0.1'

/** How long the delay of messages is measured, and how often one is sent, in milliseconds. */
const [MEASURE_MS, EVERY_MS] = [5_000, 50]

/** The slow link, and the size of the file that goes over it. */
const SLOW: LinkShape = { bytesPerSecond: 2_000_000, delayMs: 20 }
const SLOW_MIB = 16

/** The port where a person listens, and the one that they advertise: the same, or that of a slow link to it. */
interface Place {
  readonly port: number
  readonly advertised: number
}

async function placeOf(link: SlowLink | undefined): Promise<Place> {
  const port = await freePort()
  if (link !== undefined) link.target = `${HOST}:${port}`
  return { port, advertised: link?.port ?? port }
}

function start(
  home: string,
  name: string,
  { port, advertised }: Place,
  acceptInto?: string,
): Promise<MessengerUnderTest> {
  const listen = { address: HOST, port }
  const advertise = [{ address: HOST, port: advertised }]
  const folder = { path: home, async [Symbol.asyncDispose]() {} }
  return MessengerUnderTest.start({ home: folder }, name, { listen, advertise, acceptInto, trace: undefined })
}

/** Run the receiving process, which accepts all files. */
async function receive([home = '', downloads = '', port = '', advertised = '']: readonly string[]): Promise<void> {
  const bob = await start(home, 'bob', { port: Number(port), advertised: Number(advertised) }, downloads)
  process.send?.('online')
  process.once('disconnect', () => void bob[Symbol.asyncDispose]())
}

async function makeFile(path: string, mebibytes: number): Promise<void> {
  const file = createWriteStream(path)
  for (let count = 0; count < mebibytes; count += 1) if (!file.write(randomBytes(MIB))) await once(file, 'drain')
  file.end()
  await once(file, 'close')
}

/** Measure the delays of messages until they are delivered. Returns their median and 95th percentile. */
async function delays(alice: MessengerUnderTest, isOver: () => boolean): Promise<string> {
  const measured: number[] = []
  for (const end = performance.now() + MEASURE_MS; performance.now() < end && !isOver(); ) {
    const began = performance.now()
    await alice.deliver('bob', 'how long does this take?')
    measured.push(performance.now() - began)
    await setTimeout(Math.max(0, EVERY_MS - (performance.now() - began)))
  }
  const sorted = measured.sort((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1)
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, of ${sorted.length} messages`
}

/** Transfer a file, and do something meanwhile. Returns the seconds from the offer to the report of its receipt. */
async function carry(
  alice: MessengerUnderTest,
  offer: PreparedOffer,
  meanwhile: (isOver: () => boolean) => Promise<void>,
) {
  const began = performance.now()
  const id = await alice.messenger.files.offer('bob', offer)
  const isOver = (): boolean => alice.store.transfers.get(id)?.state === 'received'
  await alice.until(() => alice.messenger.files.list().some((each) => each.id === id && each.position > 0))
  await meanwhile(isOver)
  await alice.until(isOver)
  return (performance.now() - began) / 1_000
}

function report(what: string, result: string): void {
  console.log(`  ${what.padEnd(40)}${result}`)
}

function rate(mebibytes: number, seconds: number): string {
  return `${((mebibytes * MIB) / 1e6 / seconds).toFixed(1)} MB/s, ${seconds.toFixed(2)} s`
}

function timed(command: string): number {
  const began = performance.now()
  execFileSync('sh', ['-c', command])
  return (performance.now() - began) / 1_000
}

async function measure(mebibytes: number, shape: LinkShape | undefined): Promise<void> {
  await using installation = await Installation.start()
  for (const name of ['alice', 'bob']) await installation.signUp(name)
  const home = installation.home.path
  const [source, downloads] = [join(home, 'source.bin'), join(home, 'downloads')]
  await mkdir(downloads)
  await makeFile(source, mebibytes)
  const offer = await prepareOffer(source, { signal: new AbortController().signal })
  // A link for each direction, as either may call the other.
  await using there = shape && (await SlowLink.start(shape))
  await using back = shape && (await SlowLink.start(shape))
  const { port, advertised } = await placeOf(there)
  const bob = fork(fileURLToPath(import.meta.url), ['--receive', home, downloads, String(port), String(advertised)])
  await once(bob, 'message')
  {
    await using alice = await start(home, 'alice', await placeOf(back))
    await alice.messenger.enqueue('bob', 'hello')
    await alice.untilDelivered('bob')
    report('a message, nothing else on the line', await delays(alice, () => false))
    const busy = await carry(alice, offer, async (isOver) => {
      report('a message while a file flows', await delays(alice, isOver))
    })
    report(`a file of ${mebibytes} MiB, and messages`, rate(mebibytes, busy))
    if (shape === undefined)
      report(`a file of ${mebibytes} MiB`, rate(mebibytes, await carry(alice, offer, async () => {})))
  }
  bob.disconnect()
  await once(bob, 'exit')
  if (shape !== undefined) return
  const copy = join(home, 'copy.bin')
  report('cp and sync', rate(mebibytes, timed(`cp ${source} ${copy} && sync ${copy}`)))
  report('sha256sum', rate(mebibytes, timed(`sha256sum ${source}`)))
}

const [first = '256', ...rest] = process.argv.slice(2)
if (first === '--receive') await receive(rest)
else {
  console.log('on loopback')
  await measure(Number(first), undefined)
  console.log(`over ${SLOW.bytesPerSecond / 1e6} MB/s, ${2 * SLOW.delayMs} ms there and back`)
  await measure(SLOW_MIB, SLOW)
}
