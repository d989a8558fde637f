/**
 * NATS core as an actor, either end: the publisher or the subscriber of one subject in the text protocol of NATS. It
 * does for each text what the library for Node.js does, and less.
 *
 *     nats.ts PORT
 *
 * @module
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Arrivals, type ReceiveRequests, stampedText, TEXT } from '../framework/arrivals.ts'
import type { SendRequests } from '../framework/conversation.ts'
import { atPace } from '../framework/pace.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface NatsRequests extends ReceiveRequests, SendRequests {
  [request: string]: (...args: never[]) => unknown
  /** Take what is published from now on. */
  subscribe: () => Promise<void>
}

const SUBJECT = 'texts'
const PING = 'PING\r\n'
const CRLF = Buffer.from('\r\n')
const encoder = new TextEncoder()

/** How much is handed to the socket at once, in bytes, where a turn says more. */
const PIECE_BYTES = 65_536

const socket = connect(Number(process.argv[2]), '127.0.0.1').setNoDelay(true)
await once(socket, 'connect')
socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n')

const arrivals = new Arrivals()
let pongs: (() => void)[] = []
let rest: Buffer = Buffer.alloc(0)

socket.on('data', (data: Buffer) => {
  const bytes = rest.length === 0 ? data : Buffer.concat([rest, data])
  let offset = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', offset, 'latin1')
    if (end < 0) break
    const line = bytes.toString('latin1', offset, end)
    if (line.startsWith('MSG ')) {
      const length = Number(line.slice(line.lastIndexOf(' ') + 1))
      if (bytes.length < end + length + 4) break
      arrivals.take(Buffer.from(bytes.subarray(end + 2, end + 2 + length)))
      offset = end + length + 4
      continue
    }
    if (line === 'PING') socket.write('PONG\r\n')
    if (line === 'PONG') pongs.shift()?.()
    offset = end + 2
  }
  rest = bytes.subarray(offset)
})

/** Resolves when the server has taken all that was written before. */
function flushed(): Promise<void> {
  return new Promise((resolve) => {
    pongs = [...pongs, resolve]
    socket.write(PING)
  })
}

let unsent: Uint8Array[] = []
let unsentBytes = 0
let drained: Promise<unknown> | undefined

/** Publish a payload: what is said in one turn goes in one piece, as with the library of NATS for Node.js. */
function publish(subject: string, payload: Uint8Array): void {
  if (unsent.length === 0) setImmediate(send)
  unsent.push(encoder.encode(`PUB ${subject} ${payload.length}\r\n`), payload, CRLF)
  unsentBytes += payload.length
  if (unsentBytes >= PIECE_BYTES) send()
}

function send(): void {
  if (unsent.length > 0 && !socket.write(Buffer.concat(unsent))) drained ??= once(socket, 'drain')
  unsent = []
  unsentBytes = 0
}

const requests: NatsRequests = {
  ...arrivals.requests,
  async subscribe() {
    socket.write(`SUB ${SUBJECT} 1\r\n`)
    await flushed()
  },
  async sendAll(count) {
    for (let said = 0; said < count; said += 1) {
      publish(SUBJECT, encoder.encode(TEXT))
      if (drained !== undefined) await drained
      drained = undefined
    }
    send()
    await flushed()
  },
  sendPaced: (count, perSecond) => atPace(count, perSecond, () => publish(SUBJECT, encoder.encode(stampedText()))),
}

serveActor(requests, () => socket.destroy())
