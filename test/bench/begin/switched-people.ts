/**
 * People in one program whose addresses can be made to answer, to say nothing, to refuse, or to break off: whoever calls
 * them meets the same of all, and so do they who call back.
 *
 * @module
 */
import { createServer, type Socket } from 'node:net'
import { FarLink } from '../../support/far-link.ts'
import { freePort } from '../../support/free-port.ts'
import { MessengerUnderTest, type MessengerUnderTestOptions } from '../../support/running-messenger.ts'
import type { Context } from '../framework/bench.ts'

/** What addresses do: `dies` takes conversations and breaks each off. */
export type Way = 'answers' | 'silent' | 'refuses' | 'dies'

/** The time there and back to an address, in milliseconds. */
export const ROUND_TRIP_MS = 20

/** How many bytes a connection carries that breaks off: those of a handshake and of some 20 records, both directions counted. */
const DYING_BYTES = 4_900

export class SwitchedPeople {
  readonly #context: Pick<Context, 'resources'>
  readonly #home: string
  readonly #silent: string
  readonly #closed: string
  /** The way to each person, by name. */
  readonly #links = new Map<string, { readonly link: FarLink; readonly port: number }>()
  #way: Way = 'answers'

  static async start(context: Pick<Context, 'resources'>, home: string): Promise<SwitchedPeople> {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => sockets.add(socket.on('error', () => {})))
    const port = await freePort()
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
    context.resources.defer(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    return new SwitchedPeople(context, home, `127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`)
  }

  private constructor(context: Pick<Context, 'resources'>, home: string, silent: string, closed: string) {
    this.#context = context
    this.#home = home
    this.#silent = silent
    this.#closed = closed
  }

  /** Have all addresses do this from now on, to whoever connects then. */
  turn(way: Way): void {
    this.#way = way
    for (const { link, port } of this.#links.values()) {
      if (way === 'silent') link.target = this.#silent
      else link.target = way === 'refuses' ? this.#closed : `127.0.0.1:${port}`
    }
  }

  /** Start the messenger of a person; to be disposed. Resolves when they are online, and attend the relay. */
  async come(name: string, options: MessengerUnderTestOptions = {}): Promise<MessengerUnderTest> {
    const known = this.#links.get(name)
    const { link, port } = known ?? (await this.#open())
    this.#links.set(name, { link, port })
    const person = await MessengerUnderTest.start({ home: { path: this.#home } }, name, {
      listen: { address: '127.0.0.1', port },
      advertise: [{ address: '127.0.0.1', port: link.port }],
      ...options,
    })
    await person.until(() => person.relay !== undefined)
    return person
  }

  async #open(): Promise<{ readonly link: FarLink; readonly port: number }> {
    const port = await freePort()
    const cutAfter = () => (this.#way === 'dies' ? DYING_BYTES : undefined)
    const target = `127.0.0.1:${port}`
    const link = await FarLink.start({ target, roundTripMs: ROUND_TRIP_MS, cutAfter })
    return { link: this.#context.resources.use(link), port }
  }
}
