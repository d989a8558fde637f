/** What somebody learns who records every byte of a chat, on every link that there is. */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { HelloClear } from '#gen/sotto/peer/v1/handshake.ts'
import { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { ENCAPSULATION_KEY_BYTES, KEM_CIPHERTEXT_BYTES } from '#lib/channel/kem.ts'
import { MESSAGE_1_BYTES, MESSAGE_2_BYTES } from '#lib/noise/handshake.ts'
import { TAG_BYTES } from '#lib/noise/primitives.ts'
import { INSTANCE_ID_BYTES, PROTOCOL_VERSION, SUITE } from '#lib/protocol.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import type { Secret } from '#lib/secret.ts'
import { openTicket, TICKET_BYTES } from '#lib/ticket/ticket.ts'
import { findSecrets } from '../support/byte-forms.ts'
import { Deployment } from '../support/deployment.ts'
import { freePort } from '../support/free-port.ts'
import { replayCallee, replayCaller } from '../support/http2-replay.ts'
import { captureRefusal, PacketCapture } from '../support/packet-capture.ts'
import { type TappedConnection, Wiretap } from '../support/tap.ts'

/** Long enough that none of them turns up by chance. */
const SENDER = 'alice-of-the-wire-test'
const RECEIVER = 'bob-of-the-wire-test'
const PASSWORDS: Readonly<Record<string, string>> = {
  [SENDER]: "alice's very own password",
  [RECEIVER]: "bob's very own password",
}
const TEXTS = ['See you at eight?', 'Bring the blue folder, and tell nobody.', 'ünïcödé ✓']

/** Content types of TLS records (RFC 8446, section 5.1). */
const CHANGE_CIPHER_SPEC = 20
const HANDSHAKE = 22
const APPLICATION_DATA = 23

describe('the wire', function () {
  this.timeout(60_000)
  const refusal = captureRefusal()
  let deployment: Deployment
  let capture: PacketCapture | undefined
  let wiretap: Wiretap
  /** The tapped ports, by link. */
  let ports: Record<'auth' | 'directory' | 'sealing' | 'peer', number>
  /** Connections that were there before the sender did anything. */
  let earlier: number

  before(async () => {
    wiretap = new Wiretap()
    const [authPort, directoryPort] = [await freePort(), await freePort()]
    const [sealingPort, peerPort] = [await freePort(), await freePort()]
    ports = {
      auth: await wiretap.on('auth', authPort),
      directory: await wiretap.on('directory', directoryPort),
      sealing: await wiretap.on('sealing', sealingPort),
      peer: await wiretap.on('peer', peerPort),
    }
    deployment = await Deployment.start({
      SOTTO_AUTH_PORT: String(authPort),
      SOTTO_DIRECTORY_PORT: String(directoryPort),
      SOTTO_SEALING_PORT: String(sealingPort),
      SOTTO_DIRECTORY_ADDRESS: `127.0.0.1:${ports.directory}`,
      SOTTO_SEALING_ADDRESS: `127.0.0.1:${ports.sealing}`,
    })
    if (!refusal) capture = await PacketCapture.start(deployment.home.path, Object.values(ports))
    const sotto = async (line: string, input: string) => {
      const { code, errors } = await deployment.run(line.split(' '), { input })
      expect(code, errors).to.equal(0)
    }
    const trust = `--server 127.0.0.1:${ports.auth} --ca ${deployment.caFile}`
    await sotto(`admin add-user ${SENDER} ${RECEIVER}`, `${PASSWORDS[SENDER]}\n${PASSWORDS[RECEIVER]}\n`)
    await sotto(`login ${RECEIVER} --profile receiver ${trust}`, PASSWORDS[RECEIVER] ?? '')
    const args = ['--listen', `127.0.0.1:${peerPort}`, '--advertise', `127.0.0.1:${ports.peer}`]
    const receiver = await deployment.receive('receiver', args)
    earlier = wiretap.connections.length
    await sotto(`login ${SENDER} --profile sender ${trust}`, PASSWORDS[SENDER] ?? '')
    await sotto(`send ${RECEIVER} --profile sender`, TEXTS.join('\n'))
    expect(receiver.process.output.text).to.equal(`${TEXTS.join('\n')}\n`)
    receiver.process.signal('SIGTERM')
    await receiver.process.ended
    await capture?.stop()
  })
  after(async () => {
    await capture?.[Symbol.asyncDispose]()
    await deployment[Symbol.asyncDispose]()
    await wiretap[Symbol.asyncDispose]()
  })

  const connectionsOf = (link: string) => wiretap.connections.slice(earlier).filter((each) => each.link === link)

  function peerConnection(): TappedConnection {
    const [connection, ...others] = connectionsOf('peer')
    if (connection === undefined) throw new Error('nobody called the receiver')
    expect(others).to.deep.equal([])
    return connection
  }

  /** What both ends said in message 5. */
  async function conversation() {
    const { fromCaller, fromCallee } = peerConnection()
    return {
      asked: await replayCaller(Buffer.concat(fromCaller)),
      answered: await replayCallee(Buffer.concat(fromCallee)),
    }
  }

  /** Everything that nobody but the two ends, or one of them and Auth, may know. */
  async function secrets(): Promise<Record<string, Uint8Array>> {
    const found: Record<string, Uint8Array> = {}
    const keep = (name: string, secret: Secret) => {
      found[name] = secret.reveal()
    }
    for (const [profile, name] of Object.entries({ sender: SENDER, receiver: RECEIVER })) {
      const { state, login } = await deployment.profile(profile)
      found[`${profile}'s name`] = Buffer.from(name)
      found[`${profile}'s password`] = Buffer.from(PASSWORDS[name] ?? '')
      found[`${profile}'s profile key`] = await readFile(join(deployment.home.path, 'profiles', profile, 'profile.key'))
      keep(`${profile}'s identity key`, state.identity.secretKey)
      for (const [key, secret] of Object.entries(login.session.keys)) keep(`${profile}'s ${key}`, secret)
    }
    TEXTS.forEach((text, index) => {
      found[`text ${index}`] = Buffer.from(text)
    })
    keep('the secret of the conversation', (await openedTicket()).secret)
    return found
  }

  async function openedTicket() {
    const { asked } = await conversation()
    const hello = ConverseRequest.decode(asked.messages[0] ?? Buffer.alloc(0)).message
    if (hello?.$case !== 'hello') throw new Error('the conversation does not begin with a Hello')
    const { instanceId, ticket } = HelloClear.decode(hello.value.clear)
    const key = (await deployment.profile('receiver')).login.session.keys.ticketKey
    const realm = realmOf(await readFile(deployment.caFile, 'utf8'))
    return openTicket({ key, realm, receiverName: RECEIVER, instanceId, ticket })
  }

  it('carries no text, no name and no secret in the clear', async () => {
    const heard = wiretap.connections.flatMap(({ fromCaller, fromCallee }) => [
      Buffer.concat(fromCaller),
      Buffer.concat(fromCallee),
    ])
    expect(Buffer.concat(heard).includes('directory.sotto'), 'the recording is not whole').to.equal(true)
    expect(findSecrets(await secrets(), Buffer.concat(heard))).to.deep.equal([])
    // HTTP/2 compresses headers, so what is in them is looked at apart.
    const { asked, answered } = await conversation()
    const headers = Buffer.from(JSON.stringify([asked.headers, answered.headers]))
    expect(findSecrets(await secrets(), headers)).to.deep.equal([])
  })

  it('shows the five messages by where they go, and in which order', () => {
    const links = wiretap.connections.slice(earlier).map(({ link }) => link)
    expect([...new Set(links)].filter((link) => link !== 'sealing')).to.deep.equal(['auth', 'directory', 'peer'])
  })

  it('hides messages 1 to 4 in TLS 1.3, of which nothing but the two greetings can be read', () => {
    const services = wiretap.connections.filter(({ link }) => link !== 'peer')
    expect(services.length).to.be.above(3)
    for (const { link, fromCaller, fromCallee } of services) {
      for (const records of [tlsRecordsIn(Buffer.concat(fromCaller)), tlsRecordsIn(Buffer.concat(fromCallee))]) {
        const kinds = records.map(({ type }) => type).filter((type) => type !== CHANGE_CIPHER_SPEC)
        expect(kinds.indexOf(APPLICATION_DATA), link).to.equal(1)
        expect(kinds.lastIndexOf(HANDSHAKE), link).to.equal(0)
      }
      // The extension supported_versions of a ServerHello that has chosen TLS 1.3 (RFC 8446, section 4.2.1).
      expect(Buffer.concat(fromCallee).includes(Buffer.from('002b00020304', 'hex')), link).to.equal(true)
    }
  })

  it('shows message 4 by its size: a ticket and a grant', () => {
    const largest = (pieces: readonly Buffer[]) =>
      Math.max(
        ...tlsRecordsIn(Buffer.concat(pieces))
          .slice(1)
          .map(({ size }) => size),
      )
    const answers = connectionsOf('directory').map(({ fromCallee }) => largest(fromCallee))
    expect(Math.max(...answers)).to.be.above(2 * TICKET_BYTES)
  })

  it('shows of message 5 a Hello, a Welcome and records, each as long as the protocol says and with nothing beside', async () => {
    const { asked, answered } = await conversation()
    const requests = asked.messages.map((bytes) => ConverseRequest.decode(bytes))
    const responses = answered.messages.map((bytes) => ConverseResponse.decode(bytes))
    expect(requests.map((each) => Buffer.from(ConverseRequest.encode(each).finish()))).to.deep.equal(asked.messages)
    expect(responses.map((each) => Buffer.from(ConverseResponse.encode(each).finish()))).to.deep.equal(
      answered.messages,
    )

    const [first, ...records] = requests.map(({ message }) => message)
    if (first?.$case !== 'hello') throw new Error('the conversation does not begin with a Hello')
    const clear = HelloClear.decode(first.value.clear)
    expect(Buffer.from(HelloClear.encode(clear).finish())).to.deep.equal(first.value.clear)
    const { version, suite, ...opaque } = clear
    expect([version, suite]).to.deep.equal([PROTOCOL_VERSION, SUITE])
    expect(lengthsOf(opaque)).to.deep.equal({
      instanceId: INSTANCE_ID_BYTES,
      ticket: TICKET_BYTES,
      encapsulationKey: ENCAPSULATION_KEY_BYTES,
    })
    expect(first.value.noiseMessage).to.have.length(MESSAGE_1_BYTES)

    const [welcome, ...answers] = responses.map(({ message }) => message)
    if (welcome?.$case !== 'welcome') throw new Error('the answer does not begin with a Welcome')
    expect(lengthsOf(welcome.value)).to.deep.equal({
      kemCiphertext: KEM_CIPHERTEXT_BYTES,
      noiseMessage: MESSAGE_2_BYTES,
    })

    for (const side of [records, answers]) {
      expect(side).not.to.have.length(0)
      for (const each of side) {
        if (each?.$case !== 'record') throw new Error('something else than a record')
        expect(each.value.length).to.be.at.least(TAG_BYTES)
      }
    }
  })

  it('says nothing of the people in the headers of message 5', async () => {
    const { asked, answered } = await conversation()
    expect(asked.headers).to.include({
      ':path': '/sotto.peer.v1.PeerService/Converse',
      ':authority': `127.0.0.1:${ports.peer}`,
    })
    const known = /^(:.*|te|content-type|user-agent|grpc-.*|x-request-id|date|.*accept-encoding)$/
    const names = [...Object.keys(asked.headers), ...Object.keys(answered.headers)]
    expect(names.filter((name) => !known.test(name))).to.deep.equal([])
  })

  describe(`as packets${refusal ? `: ${refusal}` : ''}`, () => {
    before(function () {
      if (refusal) this.skip()
    })

    it('carries no text, no name and no secret in the clear', async () => {
      const recorded = await readFile(capture?.file ?? '')
      expect(recorded.includes('directory.sotto'), 'the recording is not whole').to.equal(true)
      expect(findSecrets(await secrets(), recorded)).to.deep.equal([])
    })

    it('shows another program the five messages', function () {
      const fields = [
        'tcp.dstport',
        'tls.handshake.extensions_server_name',
        'http2.headers.path',
        'grpc.message_length',
      ]
      const { error, stdout } = spawnSync(
        'tshark',
        [
          ...['-r', capture?.file ?? '', '-d', `tcp.port==${ports.peer},http2`],
          ...['-Y', 'tls.handshake.type == 1 or grpc', '-T', 'fields', '-E', 'separator=,', '-E', 'occurrence=f'],
          ...fields.flatMap((field) => ['-e', field]),
        ],
        { encoding: 'utf8' },
      )
      if (error) this.skip()
      const seen = stdout.trim().split('\n')
      const [auth, directory] = [`${ports.auth},auth.sotto,,`, `${ports.directory},directory.sotto,,`]
      // First the receiver's, then the sender's, who may ask auth once more where the directory is meanwhile.
      const [online, asked] = [seen.indexOf(directory), seen.lastIndexOf(directory)]
      expect(asked).to.be.above(online)
      expect(seen.slice(online, asked)).to.include(auth)
      const calls = seen.slice(asked).filter((line) => line.includes('PeerService'))
      expect(calls).to.have.length(1)
      expect(calls[0]).to.match(new RegExp(`^${ports.peer},,/sotto.peer.v1.PeerService/Converse,\\d+$`))
    })
  })
})

function lengthsOf(fields: object): Record<string, number> {
  return Object.fromEntries(Object.entries(fields).map(([name, bytes]) => [name, bytes.length]))
}

/** The records of one direction of a TLS connection: a type, a version in 2 bytes, a size in 2, and the content. */
function tlsRecordsIn(bytes: Buffer): { readonly type: number; readonly size: number }[] {
  const records = []
  let at = 0
  while (at < bytes.length) {
    const size = bytes.readUInt16BE(at + 3)
    records.push({ type: bytes.readUInt8(at), size })
    at += 5 + size
  }
  expect(at, 'a connection that does not end with a record').to.equal(bytes.length)
  return records
}
