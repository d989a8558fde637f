import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../../clients/store/open-store.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import type { Store } from '../../../clients/store/store.ts'
import { BOB_KEY, conversation, PROFILE_KEY, shown } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const WRITER = fileURLToPath(import.meta.resolve('../../support/store-writer.ts'))

describe('a store of several processes', () => {
  let folder: TemporaryFolder
  let store: Store | undefined
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    store?.close()
    store = undefined
    await folder[Symbol.asyncDispose]()
  })

  function open(): Store {
    store = openStore(folder.path, { profileKey: PROFILE_KEY })
    return store
  }

  function startWriter(prefix: string, count: number): ChildProcess {
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    const child = spawn(process.execPath, [WRITER, folder.path, prefix, String(count)], { stdio: [...stdio] })
    children.push(child)
    return child
  }

  /** The ordinals that a writer was promised, up to its end; after so many it is killed. */
  async function promised(child: ChildProcess, killAfter = Number.POSITIVE_INFINITY): Promise<number[]> {
    const exit = once(child, 'exit')
    const ordinals: number[] = []
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      ordinals.push(Number(line))
      if (ordinals.length === killAfter) child.kill('SIGKILL')
    }
    await exit
    return ordinals
  }

  it('keeps every append that was promised to a process that was then killed', async () => {
    let promisedSoFar = 0
    for (const killAfter of [1, 7, 40]) {
      const ordinals = await promised(startWriter(`kill ${killAfter} `, 1_000_000), killAfter)
      const last = ordinals.at(-1) as number
      expect(ordinals).to.have.length.of.at.least(killAfter)
      const texts = shown(await conversation(open(), 'bob'))
      const { appended } = (store as Store).messageLog('bob', BOB_KEY).progress()
      expect(texts).to.have.length(appended)
      // One more may have been stored whose promise was not heard any more.
      expect(appended - last).to.be.oneOf([0, 1])
      const own = texts.slice(promisedSoFar)
      expect(own).to.deep.equal(own.map((_, index) => `kill ${killAfter} ${index + 1}`))
      expect((store as Store).messageLog('bob', BOB_KEY).streams.outgoing.unacknowledged).to.equal(appended)
      store?.close()
      promisedSoFar = appended
    }
  })

  it('takes appends of three processes at once, each in its order and none lost', async () => {
    const prefixes = ['x', 'y', 'z']
    // They start together, so one of them makes the file while the others wait.
    const ordinals = await Promise.all(prefixes.map((prefix) => promised(startWriter(prefix, 40))))
    expect(ordinals.flat().sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 120 }, (_, index) => index + 1))
    const texts = shown(await conversation(open(), 'bob'))
    for (const prefix of prefixes) {
      const own = texts.filter((text) => text.startsWith(prefix))
      expect(own).to.deep.equal(Array.from({ length: 40 }, (_, index) => `${prefix}${index + 1}`))
    }
  })

  it('tells the owner of what others append, and takes it into the streams', async () => {
    const messageLog = open().messageLog('bob', BOB_KEY)
    const { outgoing } = messageLog.streams
    const all = Promise.withResolvers<void>()
    const latenciesMs: number[] = []
    const watch = (store as Store).watch(() => {
      messageLog.takeAppended()
      const [newest] = (store as Store).history('bob', { limit: 1 })
      latenciesMs.push(Date.now() - (newest as Message).storedAt.getTime())
      if (outgoing.unacknowledged === 3) all.resolve()
    })
    try {
      await Promise.all([promised(startWriter('from beside ', 3)), all.promise])
    } finally {
      watch.stop()
    }
    // A second is what it takes where nobody tells.
    expect(Math.max(...latenciesMs)).to.be.below(500)
    expect(outgoing.take()?.firstSequence).to.equal(1n)
    messageLog.save()
    expect(messageLog.progress()).to.deep.include({ appended: 3, sent: 3 })
  })
})
