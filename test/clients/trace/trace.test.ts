import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { TraceEvent as EventForm } from '#gen/sotto/agent/v1/agent_service.ts'
import { Letter } from '#gen/sotto/peer/v1/letter.ts'
import { CloseReason, Event, RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { TraceEvent as PageEvent } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { decodeClear } from '#lib/channel/hello.ts'
import { encodeLetterBody, parseLetterBody } from '#lib/letter/letter-body.ts'
import type { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { traceForm } from '../../../clients/agent/forms/trace-form.ts'
import { helloEvent, recordEvent, welcomeEvent } from '../../../clients/trace/conversation-events.ts'
import {
  requestChatEvent,
  requestChatResponseEvent,
  requestLetterEvent,
  requestLetterResponseEvent,
} from '../../../clients/trace/directory-events.ts'
import { traceJson } from '../../../clients/trace/json.ts'
import {
  collectedEvent,
  postEvent,
  putPrekeysEvent,
  takePrekeyEvent,
  takePrekeyResponseEvent,
} from '../../../clients/trace/letter-events.ts'
import { loginRequestEvent, loginResponseEvent } from '../../../clients/trace/login-events.ts'
import { renderTrace, TRACE_COLUMNS, traceTo } from '../../../clients/trace/render.ts'
import type { TraceEvent } from '../../../clients/trace/trace.ts'
import { messageOf } from '../../../clients/web/page/wire/from-event.ts'
import { readTrace, writeTrace } from '../../../clients/web/wire/trace-file.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { accept, grantBody, hello, sealedTicket } from '../../support/conversation.ts'
import {
  letterGrant,
  letterResume,
  letterTicket,
  PREKEY,
  sealedLetter,
  sealedLetterTicket,
} from '../../support/letter.ts'
import { bytesOf, secretOf } from '../../support/random.ts'
import { onWire } from '../../support/running-mailbox.ts'
import { incomingText } from '../../support/stores.ts'

const LONGEST_NAME = 'n'.repeat(32)
const TOKEN = secretOf('token')
const KEYS = deriveSessionKeys(TOKEN)
const PASSWORD = 'correct horse battery staple'
/** The fields of messages that nobody may see. */
const SECRET_PIECES: ReadonlySet<string> = new Set(['password', 'code', 'session_token'])
const TEXT = 'meet me at the bridge'

/** Bytes at which a decoder stops, or which it passes over, and that are no field: a tag of 0, ends of groups, a long tag. */
const NO_FIELDS = [[0], [0, 0xff, 0xff], [0x04], [0x3c, 0x05], [0xb8, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01]].map(
  (bytes) => Buffer.from(bytes),
)

/** One event of each kind, as real messages make them. */
function everyEvent(sender = 'alice'): TraceEvent[] {
  const ticket = sealedTicket()
  const started = hello()
  const { ticket: opened, welcome } = accept(started.hello)
  const parties = { opener: sender, host: 'bob' }
  const text = { $case: 'text', value: { body: Buffer.from(TEXT) } }
  const resume = {
    $case: 'resume',
    value: {
      streamId: bytesOf('s', 16),
      peerStreamId: bytesOf('p', 16),
      peerAcknowledged: 3n,
      peerLastEventId: bytesOf('e', 16),
    },
  }
  const close = { $case: 'close', value: { reason: CloseReason.DONE, lastSequence: 2n } }
  const part = { $case: 'part', value: { offset: 65_400, data: bytesOf('part', 1_000), last: true } }
  const bodies = [
    { firstSequence: 1n, events: [{ kind: text }], control: resume },
    { firstSequence: 2n, events: [{ kind: text }, { kind: text }], acknowledged: 12n },
    { firstSequence: 4n, piece: part },
    { acknowledged: 4n, control: close },
  ]
  return [
    loginRequestEvent({
      username: sender,
      password: PASSWORD,
      identityKey: Buffer.from(bytesOf('key', 32)),
      replaceIdentityKey: true,
      code: '123456',
    }),
    loginResponseEvent(
      {
        sessionToken: Buffer.from(TOKEN.reveal()),
        sessionId: Buffer.from(bytesOf('session', 16)),
        expiresAt: new Date(0),
        serverTime: new Date(0),
        recoveryCodes: [],
      },
      sender,
      { keys: KEYS, realm: bytesOf('realm', 32) },
    ),
    requestChatEvent(
      { username: 'bob', nonce: Buffer.from(bytesOf('nonce', 16)), hideAddress: false },
      sender,
      KEYS.directoryBearer,
    ),
    requestChatResponseEvent(
      {
        endpoints: [{ address: '2001:db8::7', port: 7100 }],
        ticket: Buffer.from(ticket),
        grant: Buffer.from(bytesOf('grant', 540)),
      },
      sender,
      grantBody(ticket),
    ),
    helloEvent(started.hello, parties),
    helloEvent(started.hello, parties, opened),
    welcomeEvent(welcome, parties),
    ...letterEvents(sender),
    ...bodies.map((body, number) =>
      recordEvent({
        from: sender,
        to: 'bob',
        number,
        record: bytesOf('record', 65_535),
        body: RecordBody.fromPartial(body as never),
      }),
    ),
  ]
}

/** A letter, from the prekey that it is sealed for until it is opened. */
function letterEvents(sender: string): TraceEvent[] {
  const ticket = sealedLetterTicket()
  const grant = letterGrant(ticket)
  const prekey = onWire(PREKEY.prekey)
  const body = { resume: letterResume(), firstSequence: 1n, events: [incomingText(TEXT)] }
  const letter = Buffer.from(
    sealedLetter({
      body: encodeLetterBody(body.resume, { firstSequence: 1n, events: [Event.encode(incomingText(TEXT)).finish()] }),
    }),
  )
  const bearer = KEYS.relayBearer ?? KEYS.directoryBearer
  const address = { username: 'bob', sessionId: Buffer.from(grant.receiverSessionId) }
  return [
    requestLetterEvent({ username: 'bob', nonce: Buffer.from(grant.nonce) }, 1, sender, KEYS.directoryBearer),
    requestLetterResponseEvent(
      { ticket: Buffer.from(ticket), grant: Buffer.from(bytesOf('grant', 540)) },
      sender,
      grant,
    ),
    putPrekeysEvent({ prekeys: [prekey], lastResort: prekey, withdrawnIds: [] }, 'bob', bearer),
    takePrekeyEvent(address, 1, sender, bearer),
    takePrekeyResponseEvent(prekey, sender, 'bob'),
    postEvent({ ...address, letter }, 1, sender, bearer),
    collectedEvent({ letterId: Buffer.from(bytesOf('letter id', 16)), letter }, 'bob', {
      ticket: letterTicket({ senderName: sender }),
      body,
    }),
  ]
}

function render(event: TraceEvent): string {
  return renderTrace(event, { stream: new CapturedStream() })
}

/** Its words without their order: where a value goes on below, its size stands before that. */
function wordsOf(drawn: string): string[] {
  return (drawn.match(/[^\s│├└─]+/gu) ?? []).sort()
}

describe('renderTrace', () => {
  it('stays within its columns, whatever the names', () => {
    for (const event of [...everyEvent(), ...everyEvent(LONGEST_NAME)]) {
      for (const line of render(event).split('\n')) expect(line.length, line).to.be.at.most(TRACE_COLUMNS)
    }
  })

  it('says the same in fewer columns, with who, to whom and sizes at their right end', () => {
    for (const event of [...everyEvent(), ...everyEvent(LONGEST_NAME)]) {
      for (const columns of [60, 79, 99]) {
        const narrow = renderTrace(event, { columns }).split('\n')
        for (const line of narrow) expect(line.length, line).to.be.at.most(columns)
        expect(
          narrow.slice(0, 2).some((line) => line.endsWith(` ──▶ ${event.to}`) && line.length === columns),
        ).to.equal(true)
        const sizes = narrow.filter((line) => / B$/.test(line))
        expect(sizes.every((line) => line.length === columns)).to.equal(true)
        // The longest of them has no room in so few.
        if (columns > 60) expect(wordsOf(narrow.join('\n')), `${columns}`).to.deep.equal(wordsOf(render(event)))
      }
    }
  })

  it('is plain text where the stream has no colours', () => {
    for (const event of everyEvent()) expect(render(event)).not.to.include('\u001b')
  })

  it('says of every message who, to whom, how large, and who can read it', () => {
    for (const event of everyEvent()) {
      expect(render(event)).to.include(`${event.from} ──▶ ${event.to}\n`)
      expect(render(event)).to.include(`${event.bytes.toLocaleString('en')} bytes\n`)
      expect(render(event)).to.include('Who can read it: ')
    }
  })

  it('draws fields as a tree', () => {
    const [, answer] = everyEvent() as [TraceEvent, TraceEvent]
    const drawn = render(answer)
      .split('\n')
      .filter((line) => /[├└]/u.test(line))
    expect(drawn.map((line) => line.slice(0, 28).trimEnd())).to.deep.equal([
      '     ├─ session_token',
      '     │  ├─ directory bearer',
      '     │  ├─ auth bearer',
      '     │  ├─ relay bearer',
      '     │  ├─ ticket key',
      '     │  └─ grant key',
      '     ├─ session_id',
      '     ├─ expires_at',
      '     ├─ server_time',
      '     └─ realm',
    ])
  })

  it('shows the same secret by the same fingerprint at both ends', () => {
    const [, , , answer, , openedHello] = everyEvent() as TraceEvent[]
    const fingerprint = secretOf('secret of the conversation').fingerprint()
    for (const event of [answer, openedHello]) expect(render(event as TraceEvent)).to.include(fingerprint)
  })

  it('lets nothing that another wrote move the cursor', () => {
    const [event] = everyEvent() as [TraceEvent]
    const hostile: TraceEvent = { ...event, fields: [{ name: 'address', value: '\u001b[2J', tone: 'plain' }] }
    expect(render(hostile)).to.include('\\e[2J').and.not.include('\u001b')
  })
})

describe('a trace', () => {
  const secrets: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['the password', Buffer.from(PASSWORD)],
    ['the text', Buffer.from(TEXT)],
    ['the token', TOKEN.reveal()],
    ['the chat secret', secretOf('secret of the conversation').reveal()],
    ...Object.entries(KEYS).map(([name, key]: [string, Secret]) => [name, key.reveal()] as const),
  ]
  for (const json of [false, true]) {
    it(`gives no secret away ${json ? 'as JSON' : 'as it is drawn'}`, () => {
      const stream = new CapturedStream()
      const trace = traceTo(stream, { json })
      for (const event of everyEvent()) trace(event)
      const written = stream.text
      for (const [what, bytes] of secrets) {
        for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
          const form = Buffer.from(bytes).toString(encoding).slice(0, 16)
          expect(written.includes(form), `${what} as ${encoding}`).to.equal(false)
        }
      }
    })
  }

  it('is as wide as the terminal that it is written to', () => {
    const [event] = everyEvent() as [TraceEvent]
    for (const [columns, width] of [
      [80, 80],
      [200, TRACE_COLUMNS],
    ] as const) {
      const stream = Object.assign(new CapturedStream(), { isTTY: true, columns })
      traceTo(stream, { json: false })(event)
      expect(stripVTControlCharacters(stream.text).indexOf('\n')).to.equal(width)
    }
  })

  it('is the same events, one a line, as JSON', () => {
    const stream = new CapturedStream()
    const trace = traceTo(stream, { json: true })
    const events = everyEvent()
    for (const event of events) trace(event)
    const lines = stream.text.trimEnd().split('\n')
    const told = lines.map((line) => JSON.parse(line))
    const whatIs = ({ step, message, from, to, bytes }: TraceEvent) => ({ step, message, from, to, bytes })
    expect(told.map(whatIs)).to.deep.equal(events.map(whatIs))
    expect(told.every(({ type }) => type === 'trace')).to.equal(true)
  })

  it('has each value whole as JSON, as what it is, and what is said of it apart', () => {
    const stream = new CapturedStream()
    for (const event of everyEvent()) traceTo(stream, { json: true })(event)
    const [login, begun, request, answer, hello] = stream.text.split('\n', 5).map((line) => JSON.parse(line))
    const named = (event: { fields: { name: string }[] }, name: string) =>
      event.fields.find((field) => field.name === name)
    expect(named(login, 'identity_key')).to.deep.equal({
      name: 'identity_key',
      value: Buffer.from(bytesOf('key', 32)).toString('hex'),
      note: 'X25519, the public half',
      tone: 'plain',
      bytes: 32,
    })
    expect(named(login, 'replace_identity_key')).to.include({ value: true })
    expect(named(begun, 'expires_at')).to.include({ value: '1970-01-01T00:00:00.000Z' })
    expect(named(request, 'authorization')).to.deep.equal({
      name: 'authorization',
      fingerprint: KEYS.directoryBearer.fingerprint(),
      note: 'the directory bearer, as metadata',
      tone: 'secret',
      bytes: 32,
    })
    expect(named(answer, 'grant')).to.include({ value: Buffer.from(bytesOf('grant', 540)).toString('hex') })
    expect(named(hello, 'version')).to.include({ value: 1 })
    expect(stream.text).not.to.include('…')
  })

  it('has every byte of a message as JSON beside the field that it encodes, and of secrets their number', () => {
    for (const event of everyEvent()) {
      const { wire, bytes } = traceJson(event) as {
        wire: { field?: string; bytes: number; value?: string }[]
        bytes: number
      }
      expect(wire.reduce((sum, piece) => sum + piece.bytes, 0)).to.equal(bytes)
      for (const { bytes: size, value } of wire) if (value) expect(value.length).to.equal(2 * Math.min(size, 2_048))
      for (const { field, value } of wire) expect(value === undefined, field).to.equal(SECRET_PIECES.has(field ?? ''))
    }
    const [login] = everyEvent() as [TraceEvent]
    const { wire } = traceJson(login) as { wire: { field?: string }[] }
    const fields = wire.flatMap(({ field }) => field ?? [])
    expect(fields).to.deep.equal(['username', 'password', 'identity_key', 'replace_identity_key', 'code'])
  })

  it('tells of a letter and a Hello that are taken, whatever stands behind their fields', () => {
    const sealed = Letter.decode(sealedLetter())
    const { hello: made } = hello()
    const body = parseLetterBody(encodeLetterBody(letterResume(), undefined))
    for (const behind of NO_FIELDS) {
      const letter = Buffer.from(Letter.encode({ ...sealed, clear: Buffer.concat([sealed.clear, behind]) }).finish())
      const collected = collectedEvent({ letterId: Buffer.alloc(16), letter }, 'bob', { ticket: letterTicket(), body })
      const clear = Buffer.concat([made.clear, behind])
      expect(decodeClear(clear).version).to.equal(1)
      const said = helloEvent({ ...made, clear }, { opener: 'alice', host: 'bob' })
      for (const { wire = [], bytes } of [collected, said]) {
        expect(wire.map(({ field }) => field)).to.include.members(['version', 'ticket', 'noise: payload'])
        expect(wire.reduce((sum, piece) => sum + piece.bytes, 0)).to.equal(bytes)
      }
    }
  })

  it('reveals the secrets of a demo whole as JSON, where it is told to', () => {
    const [login, begun, request] = everyEvent().map((event) => JSON.stringify(traceJson(event, { reveal: true })))
    expect(login).to.include(Buffer.from(PASSWORD).toString('hex'))
    for (const secret of [TOKEN, ...Object.values(KEYS)]) {
      expect(begun).to.include(`"value":"${Buffer.from(secret.reveal()).toString('hex')}"`)
    }
    expect(request).to.include(Buffer.from(KEYS.directoryBearer.reveal()).toString('hex'))
    expect(JSON.stringify(everyEvent().map((event) => traceJson(event)))).not.to.include('[secret]')
  })
})

describe('messageOf', () => {
  const toPage = (event: TraceEvent) => PageEvent.decode(EventForm.encode(traceForm(event, new Date(0))).finish())

  /** Over the contract all values are texts. */
  const asText = (key: string, value: unknown) => (key === 'value' ? String(value) : value)

  it('is on the page what a file of the same trace has', () => {
    for (const event of everyEvent()) {
      const [inFile] = readTrace(JSON.stringify(traceJson(event), asText))
      expect(messageOf(toPage(event)), event.message).to.deep.equal(inFile)
    }
  })

  it('can be saved, and opened again', () => {
    const messages = everyEvent().map((event) => messageOf(toPage(event)))
    expect(readTrace(writeTrace(messages))).to.deep.equal(messages)
  })

  it('refuses a seal of a kind that it does not know', () => {
    const event = toPage(everyEvent()[0] as TraceEvent)
    expect(() => messageOf({ ...event, seal: { kind: 'wax', by: 'alice', for: 'bob' } })).to.throw(TypeError, 'kind')
  })
})
