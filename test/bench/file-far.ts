/** How fast a file goes a long way. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { startPair, startServices } from './actors/people.ts'
import type { Bench } from './framework/bench.ts'
import { bigFile, megabytesPerSecond } from './references/big-file.ts'
import { ROUND_TRIP_MS, startFarLink } from './references/start-far-link.ts'
import { startGrpc } from './references/start-grpc.ts'

/** The size of the file, and of the one for the reference, which is slow: in MiB. */
const [MEBIBYTES, REFERENCE_MEBIBYTES] = [32, 2]

const STREAM = 'grpc-js, 64 KiB a message'

export const fileFar: Bench = {
  name: 'file-far',
  work: `A file of ${MEBIBYTES} MiB from disk to disk (of ${REFERENCE_MEBIBYTES} MiB for the reference) over a way of ${ROUND_TRIP_MS} ms there and back, both hashes included`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const downloads = join(home, 'downloads')
    await mkdir(downloads)
    const port = await freePort()
    const listening = { port, advertised: await startFarLink(context, port), downloads }
    const { sender } = await startPair(context, await startServices(context), { home, prefix: 'file-far', listening })
    const naive = await startGrpc(context, (target) => startFarLink(context, target))
    await naive.receiver.ask('downloadTo', join(home, 'naive.bin'))
    const [mebibytes, fewer] = [context.amount(MEBIBYTES), context.amount(REFERENCE_MEBIBYTES)]
    const [path, smaller] = [await bigFile(home, mebibytes), await bigFile(home, fewer)]
    return [
      {
        rows: [{ case: 'Sotto', unit: 'MB/s', against: [{ to: STREAM, atLeast: 60 }] }],
        async measure() {
          const ms = await sender.ask('sendFile', path)
          for (const name of await readdir(downloads)) await rm(join(downloads, name))
          return [megabytesPerSecond(mebibytes, ms)]
        },
      },
      {
        rows: [{ case: STREAM, unit: 'MB/s' }],
        measure: async () => [megabytesPerSecond(fewer, await naive.sender.ask('upload', smaller))],
      },
    ]
  },
}
