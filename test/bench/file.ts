/** How fast a file comes from disk to disk, what a folder of small ones takes, and what a text waits meanwhile. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { signUp, startPerson, startServices } from './actors/people.ts'
import type { Bench, Case } from './framework/bench.ts'
import { delaysOf } from './framework/conversation.ts'
import { bigFile, manyFiles, megabytesPerSecond } from './references/big-file.ts'
import { timeCommand } from './references/command.ts'
import { startCroc } from './references/croc.ts'
import { startGrpc } from './references/start-grpc.ts'

/** The size of the file, and how many small ones of how many bytes a folder has. */
const [MEBIBYTES, FILES, FILE_BYTES] = [128, 20_000, 1_024]

const [STREAM, COPY, CROC] = ['grpc-js, 64 KiB a message', 'cp and sync', 'croc --no-compress']

/** How many texts are said while the file flows, and how many a second. */
const [TEXTS, PER_SECOND] = [40, 20]

export const file: Bench = {
  name: 'file',
  rounds: 3,
  work: `A file of ${MEBIBYTES} MiB from disk to disk, from the first look at it until both ends know that its hash is right`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context)
    for (const name of ['file-alice', 'file-bob']) await signUp(services, home, name)
    const downloads = join(home, 'downloads')
    await mkdir(downloads)
    const receiver = await startPerson(context, home, 'file-bob', { downloads })
    const sender = await startPerson(context, home, 'file-alice')
    await sender.ask('writeTo', 'file-bob')
    await sender.ask('sendAwaited', 1, 1)
    const mebibytes = context.amount(MEBIBYTES)
    const path = await bigFile(home, mebibytes)
    const empty = async () => {
      for (const name of await readdir(downloads)) await rm(join(downloads, name), { recursive: true })
    }
    const transfer = async (): Promise<number> => {
      const ms = await sender.ask('sendFile', path)
      await empty()
      return megabytesPerSecond(mebibytes, ms)
    }
    const naive = await startGrpc(context)
    await naive.receiver.ask('downloadTo', join(home, 'naive.bin'))
    const rate = (name: string, run: () => Promise<number>): Case => ({
      rows: [{ case: name, unit: 'MB/s' }],
      measure: async () => [megabytesPerSecond(mebibytes, await run())],
    })
    const croc = await startCroc(context, home)
    const copy = join(home, 'copy.bin')
    const cases: Case[] = [
      {
        rows: [
          {
            case: 'Sotto',
            unit: 'MB/s',
            against: [{ to: STREAM, atLeast: 1 }, { to: CROC, atLeast: 1.3 }, { to: COPY }],
          },
        ],
        measure: async () => [await transfer()],
      },
      {
        rows: [
          { case: 'a text while it flows, median', unit: 'µs' },
          { case: 'a text while it flows, 99 %', unit: 'µs' },
        ],
        async measure() {
          const flowing = transfer()
          const delays = await delaysOf({ sender, receiver }, context.amount(TEXTS), PER_SECOND)
          await flowing
          return delays
        },
      },
      rate(STREAM, () => naive.sender.ask('upload', path)),
      rate(COPY, () => timeCommand('sh', ['-c', `cp ${path} ${copy} && sync ${copy}`])),
      rate('sha256sum', () => timeCommand('sha256sum', [path])),
    ]
    if (croc !== undefined) cases.push(rate(CROC, () => croc.send(path)))
    const count = context.amount(FILES)
    const row = `a folder of ${count.toLocaleString('en')} files of 1 KiB`
    const folder = await manyFiles(home, count, FILE_BYTES)
    cases.push({
      rows: [{ case: row, unit: 's', bar: { atMost: 15 } }],
      async measure() {
        const ms = await sender.ask('sendFile', folder)
        await empty()
        return [ms / 1_000]
      },
    })
    return cases
  },
}
