/**
 * A benchmark of the channel: records and handshakes, and for comparison, in the same run, bare AES-256-GCM and X25519
 * of node:crypto.
 *
 *     node test/bench/channel.ts
 */
import { createCipheriv, createDecipheriv, diffieHellman, generateKeyPairSync, randomBytes } from 'node:crypto'
import { MAX_RECORD_PLAINTEXT_BYTES } from '#lib/channel/channel.ts'
import { startConversation } from '#lib/channel/initiator.ts'
import { acceptHello } from '#lib/channel/responder.ts'
import { keyPairFrom } from '#lib/noise/primitives.ts'
import { Secret } from '#lib/secret.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { openTicket, sealTicket, TICKET_LIFETIME_MS, ticketHash } from '#lib/ticket/ticket.ts'

/** How long each measurement lasts, in milliseconds, after a warm-up of a tenth of it. */
const DURATION_MS = 1_000

/** How many rounds are measured. Their median is shown, so that other programs on the machine do not decide. */
const ROUNDS = 3

/** The rate at which something can be done, per second. */
function rateOf(work: () => unknown): number {
  repeat(work, DURATION_MS / 10)
  const rates = Array.from({ length: ROUNDS }, () => repeat(work, DURATION_MS / ROUNDS)).sort((a, b) => a - b)
  return rates[Math.floor(ROUNDS / 2)] ?? 0
}

function repeat(work: () => unknown, durationMs: number): number {
  const began = performance.now()
  let count = 0
  let elapsedMs = 0
  while (elapsedMs < durationMs) {
    for (let batch = 0; batch < 16; batch += 1) work()
    count += 16
    elapsedMs = performance.now() - began
  }
  return (count / elapsedMs) * 1_000
}

const secretOf = (length = 32): Secret => Secret.of(randomBytes(length))
const [alice, bob] = [keyPairFrom(secretOf()), keyPairFrom(secretOf())]
const realm = randomBytes(32)
const context = { key: secretOf(), realm, receiverName: 'bob', instanceId: randomBytes(16) }
const chatSecret = secretOf()
const nowMs = Date.now()

function freshTicket(): Uint8Array {
  const body = {
    ticketId: randomBytes(16),
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + TICKET_LIFETIME_MS,
    maxSessionDurationMs: 1,
    senderName: 'alice',
    senderIdentityKey: alice.publicKey,
    senderAddress: '192.0.2.7',
    receiverIdentityKey: bob.publicKey,
    secret: chatSecret,
  }
  return sealTicket({ ...context, nonce: randomBytes(12), body })
}

function start(ticket: Uint8Array) {
  const grant = {
    nonce: randomBytes(16),
    ticketHash: ticketHash(ticket),
    receiverName: 'bob',
    receiverSessionId: randomBytes(16),
    receiverIdentityKey: bob.publicKey,
    receiverInstanceId: context.instanceId,
    expiresAtMs: nowMs + TICKET_LIFETIME_MS,
    maxSessionDurationMs: 1,
    secret: chatSecret,
  }
  return startConversation({ identity: alice, ownName: 'alice', realm, grant, ticket, random: randomBytes })
}

function accept(hello: ReturnType<typeof start>['hello'], instanceId = context.instanceId) {
  const { key: ticketKey, receiverName: ownName } = context
  const replayCache = new ReplayCache()
  return acceptHello({
    hello,
    identity: bob,
    ownName,
    realm,
    ticketKey,
    instanceId,
    replayCache,
    nowMs,
    monotonicMs: 0,
    random: randomBytes,
  })
}

function handshake() {
  const started = start(freshTicket())
  const { welcome, channel } = accept(started.hello)
  return { sender: started.complete(welcome), receiver: channel }
}

function show(what: string, rate: number, bytes = 0): number {
  const volume = bytes === 0 ? '' : `${((rate * bytes) / 1e6).toFixed(0)} MB/s`
  console.log(`${what.padEnd(52)} ${rate.toFixed(0).padStart(9)} /s ${volume.padStart(12)}`)
  return rate
}

function compare(what: string, ours: number, bare: number): void {
  console.log(`${`  ${what}`.padEnd(52)} ${((100 * ours) / bare).toFixed(0).padStart(8)} %\n`)
}

for (const bytes of [1_024, MAX_RECORD_PLAINTEXT_BYTES]) {
  const plaintext = randomBytes(bytes)
  const { sender, receiver } = handshake()
  const ours = show(
    `records of ${bytes} bytes, sealed and opened`,
    rateOf(() => receiver.open(sender.seal(plaintext))),
    bytes,
  )
  const [key, nonce] = [randomBytes(32), randomBytes(12)]
  const bare = show(
    `AES-256-GCM of ${bytes} bytes, both ways, bare`,
    rateOf(() => {
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const ciphertext = cipher.update(plaintext)
      cipher.final()
      const decipher = createDecipheriv('aes-256-gcm', key, nonce)
      decipher.setAuthTag(cipher.getAuthTag())
      decipher.update(ciphertext)
      decipher.final()
    }),
    bytes,
  )
  compare('records of bare AES-256-GCM', ours, bare)
}

const shaken = show('handshakes, both ends and the sealing of the ticket', rateOf(handshake))
const one = generateKeyPairSync('x25519')
const other = generateKeyPairSync('x25519')
const agreed = show(
  'X25519, bare',
  rateOf(() => diffieHellman({ privateKey: one.privateKey, publicKey: other.publicKey })),
)
console.log(
  `  one handshake is as dear as ${(agreed / shaken).toFixed(1)} X25519; each end does 4 of them and ML-KEM-768\n`,
)

const ticket = freshTicket()
show(
  'tickets opened',
  rateOf(() => openTicket({ ...context, ticket })),
)
const { hello } = start(ticket)
const otherInstanceId = randomBytes(16)
show(
  'Hellos refused for another instance id',
  rateOf(() => {
    try {
      accept(hello, otherInstanceId)
    } catch {
      // As it should.
    }
  }),
)
