/**
 * A user of an XMPP server as an actor, in plaintext and without a library, so that nothing but the server limits it.
 *
 *     xmpp.ts PORT NAME PASSWORD [CONTACT]
 *
 * @module
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Arrivals, type ReceiveRequests, stampedText, TEXT } from '../framework/arrivals.ts'
import type { SendRequests } from '../framework/conversation.ts'
import { atPace } from '../framework/pace.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface XmppRequests extends ReceiveRequests, SendRequests {
  [request: string]: (...args: never[]) => unknown
}

const DOMAIN = 'localhost'
const [OPENING, CLOSING] = ['<body>', '</body>']

/** How many texts are handed to the socket in one piece. */
const BATCH = 100

const [port, name, password, contact = ''] = process.argv.slice(2)
const socket = connect(Number(port), '127.0.0.1').setNoDelay(true)
await once(socket, 'connect')

const arrivals = new Arrivals()
let received = ''
let onReceived = (): void => {}

socket.setEncoding('utf8')
socket.on('data', (data: string) => {
  received += data
  onReceived()
})

const OPEN = `<?xml version='1.0'?><stream:stream to='${DOMAIN}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`

/** Send something, and wait for an answer that has this in it. */
async function ask(request: string, expected: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  onReceived = () => {
    if (received.includes(expected)) resolve()
  }
  received = ''
  socket.write(request)
  await promise
}

const credentials = Buffer.from(`\0${name}\0${password}`).toString('base64')
await ask(OPEN, '</stream:features>')
await ask(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${credentials}</auth>`, '<success')
await ask(OPEN, '</stream:features>')
await ask("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", '</iq>')
// Whoever is present gets messages; the answer to the question after it says that the server knows.
await ask("<presence/><iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>", 'roster')

received = ''
onReceived = () => {
  let offset = 0
  for (;;) {
    const from = received.indexOf(OPENING, offset)
    const to = received.indexOf(CLOSING, from)
    if (from < 0 || to < 0) break
    arrivals.take(Buffer.from(received.slice(from + OPENING.length, to), 'latin1'))
    offset = to + CLOSING.length
  }
  received = received.slice(offset)
}

const message = (text: string): string =>
  `<message to='${contact}@${DOMAIN}' type='chat'><body>${text}</body></message>`

const requests: XmppRequests = {
  ...arrivals.requests,
  async sendAll(count) {
    for (let said = 0; said < count; ) {
      const pieces: string[] = []
      for (; pieces.length < BATCH && said < count; said += 1) pieces.push(message(TEXT))
      if (!socket.write(pieces.join(''))) await once(socket, 'drain')
    }
  },
  sendPaced: (count, perSecond) => atPace(count, perSecond, () => void socket.write(message(stampedText()))),
}

serveActor(requests, () => socket.destroy())
