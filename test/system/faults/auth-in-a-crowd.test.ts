import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { FarLink } from '../../support/far-link.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { askOver, clientHello, connectFrom } from '../../support/tls-caller.ts'

const { places = 0 } = SERVICE_LIMITS.strangers?.connections ?? {}

/** As far away as a satellite with a slow network behind it, and as the other side of the world. */
const [SATELLITE_MS, ANTIPODES_MS] = [1_200, 300]

describe('Auth, in a crowd of strangers', () => {
  let auth: AuthUnderTest
  beforeEach(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
  })
  afterEach(() => auth[Symbol.asyncDispose]())

  /** Begin TLS, say no more, and come back as often as that is cut. */
  class Crowd {
    readonly #port = Number(auth.running.address.split(':')[1])
    readonly #coming: Promise<void>[] = []
    readonly #open = new Set<Socket>()
    #isOver = false
    cut = 0

    async come(addresses: readonly string[], from: number): Promise<void> {
      const hello = await clientHello('auth.sotto')
      for (let count = 0; count < from; count += 1) {
        for (const address of addresses) this.#coming.push(this.#comeBack(address, hello))
      }
    }

    async #comeBack(address: string, hello: Buffer): Promise<void> {
      while (!this.#isOver) {
        const socket = await connectFrom(address, this.#port)
        this.#open.add(socket)
        socket.resume().write(hello)
        await once(socket, 'close')
        this.#open.delete(socket)
        this.cut += 1
      }
    }

    async end(): Promise<void> {
      this.#isOver = true
      while (this.#open.size > 0) {
        for (const socket of this.#open) socket.destroy()
        await new Promise(setImmediate)
      }
      await Promise.all(this.#coming)
    }
  }

  const addresses = Array.from({ length: places + 16 }, (_, n) => `127.0.1.${n + 1}`)
  for (const [where, from, each, roundTripMs] of [
    ['one address', ['127.0.1.1'], 2 * places, SATELLITE_MS],
    ['many addresses', addresses, 2, ANTIPODES_MS],
  ] as const) {
    it(`answers somebody ${roundTripMs} ms away while a crowd from ${where} begins TLS, says no more, and comes back`, async () => {
      await using far = await FarLink.start({ target: auth.running.address, roundTripMs })
      const crowd = new Crowd()
      try {
        await crowd.come(from, each)
        while (crowd.cut === 0) await new Promise(setImmediate)
        expect(await askOver(await connectFrom('127.0.0.1', far.port))).to.equal(0)
      } finally {
        await crowd.end()
      }
    })
  }
})
