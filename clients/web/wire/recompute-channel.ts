/**
 * The lines that recompute the keys of a channel: first the four Diffie-Hellman results and the ML-KEM secret, of the
 * opener's keys; then the pre-shared key, of the secret of the ticket and that of ML-KEM; then, of that and the four
 * results, the key of each direction (docs/protocol.md, sections 4.2 to 4.4).
 *
 * @module
 */
import { asciiHex, hexOf, type Line, named, nameHex } from './recompute-line.ts'
import type { Field, Message } from './trace-file.ts'

/** Its 32 bytes are what Noise begins with. */
const PROTOCOL = 'Noise_IKpsk2_25519_AESGCM_SHA256'

const LABEL = 'sotto psk v1'

/** What stands in DER (RFC 8410) in front of the 32 bytes of an X25519 key, secret or public. */
const [PRIVATE_KEY, PUBLIC_KEY] = ['302e020100300506032b656e04220420', '302a300506032b656e032100']

/** In front of each program. */
const HEX = 'const hex = (digits) => Buffer.from(digits, "hex")'

/** In front of those that derive. */
const HELPERS = [
  HEX,
  'const hkdf = (ikm, salt, info, size) => Buffer.from(crypto.hkdfSync("sha256", ikm, salt, info, size))',
]

/** The lines of a Welcome, which ends the handshake that the Hello before it began. */
export function channelLines(messages: readonly Message[], index: number): Line[] {
  const welcome = messages[index]
  if (welcome?.message !== 'Welcome') return []
  const hello = messages
    .slice(0, index)
    .findLast(({ message, from, to }) => message === 'Hello' && from === welcome.to && to === welcome.from)
  const secrets = named(welcome.fields, 'secrets of the channel')?.inside
  if (hello === undefined || secrets === undefined) return []
  const keys = named(welcome.fields, `keys of ${hello.from}`)?.inside ?? []
  return [
    ...agreementLines(messages, { hello, welcome, keys, secrets }),
    ...kemLine({ welcome, keys, secrets }),
    ...pskLine(messages, hello, welcome, secrets),
    ...keyLines(hello, welcome, secrets),
  ]
}

interface Agreement {
  readonly hello: Message
  readonly welcome: Message
  /** The opener's. */
  readonly keys: readonly Field[]
  readonly secrets: readonly Field[]
}

/** Each result of X25519 (RFC 7748), by the opener's secret half and the other's public one. */
function agreementLines(messages: readonly Message[], { hello, welcome, keys, secrets }: Agreement): Line[] {
  const [s, e] = ['identity key, secret half', 'fresh key, secret half'].map((name) => hexOf(named(keys, name)))
  const [rs, re] = [identityKey(messages, hello.to), hexOf(named(welcome.fields, 'noise: e'))]
  const results = { es: [e, rs], ss: [s, rs], ee: [e, re], se: [s, re] }
  return Object.entries(results).flatMap(([name, [secret, theirs]]) => {
    const prints = hexOf(named(secrets, name))
    if (secret === undefined || theirs === undefined || prints === undefined) return []
    const program = [
      HEX,
      `const privateKey = crypto.createPrivateKey({ key: hex("${PRIVATE_KEY}${secret}"), format: "der", type: "pkcs8" })`,
      `const publicKey = crypto.createPublicKey({ key: hex("${PUBLIC_KEY}${theirs}"), format: "der", type: "spki" })`,
      'console.log(crypto.diffieHellman({ privateKey, publicKey }).toString("hex"))',
    ]
    const of = [name[0] === 'e' ? 'fresh' : 'identity', name[1] === 'e' ? 'fresh' : 'identity']
    return [
      {
        what: `${name} = X25519(${hello.from}’s ${of[0]} key, ${hello.to}’s ${of[1]} key)`,
        command: `node -e '${program.join('; ')}'`,
        prints,
      },
    ]
  })
}

function kemLine({ welcome, keys, secrets }: Omit<Agreement, 'hello'>): Line[] {
  const [seed, ct] = [hexOf(named(keys, 'ML-KEM seed')), hexOf(named(welcome.fields, 'kem_ciphertext'))]
  const prints = hexOf(named(secrets, 'ML-KEM secret'))
  if (seed === undefined || ct === undefined || prints === undefined) return []
  const program = [
    HEX,
    `const key = crypto.createPrivateKey({ key: hex("${seed}"), format: "raw-seed", asymmetricKeyType: "ml-kem-768" })`,
    `console.log(crypto.decapsulate(key, hex("${ct}")).toString("hex"))`,
  ]
  return [
    {
      what: 'ML-KEM secret = ML-KEM-768.Decaps(the key of the seed, ct); Node.js 26 has it, such as node_modules/.bin/node',
      command: `node -e '${program.join('; ')}'`,
      prints,
    },
  ]
}

function pskLine(messages: readonly Message[], hello: Message, welcome: Message, secrets: readonly Field[]): Line[] {
  const { from, to } = hello
  const [sender, receiver] = [nameHex(from), nameHex(to)]
  const [senderKey, receiverKey] = [identityKey(messages, from), identityKey(messages, to)]
  const ticket = named(hello.fields, 'ticket')
  const [sealed, secret] = [hexOf(ticket), hexOf(named(ticket?.inside ?? [], 'secret'))]
  const [ek, ct] = [hexOf(named(hello.fields, 'encapsulation_key')), hexOf(named(welcome.fields, 'kem_ciphertext'))]
  const [kem, prints] = [hexOf(named(secrets, 'ML-KEM secret')), hexOf(named(secrets, 'psk'))]
  const suite = named(hello.fields, 'suite')?.value
  if (!sender || !receiver || !senderKey || !receiverKey || !sealed || !secret || !ek || !ct || !kem || !prints)
    return []
  if (typeof suite !== 'number') return []
  const info = [asciiHex(LABEL), number(suite), number(from.length), sender, number(to.length), receiver]
  const program = [
    ...HELPERS,
    'const hash = (digits) => crypto.createHash("sha256").update(hex(digits)).digest()',
    `const info = Buffer.concat([hex("${info.join('')}${senderKey}${receiverKey}"), hash("${ek}${ct}")])`,
    `console.log(hkdf(hex("${secret}${kem}"), hash("${sealed}"), info, 32).toString("hex"))`,
  ]
  return [
    {
      what: `psk = HKDF(salt = SHA-256(ticket), ikm = s || ML-KEM secret, info = "${LABEL}", suite, names, identity keys, SHA-256(ek || ct))`,
      command: `node -e '${program.join('; ')}'`,
      prints,
    },
  ]
}

/** The keys depend on the chaining key alone, into which each of these is mixed in the order of Noise. */
function keyLines(hello: Message, welcome: Message, secrets: readonly Field[]): Line[] {
  const [es, ss, ee, se, psk] = ['es', 'ss', 'ee', 'se', 'psk'].map((name) => hexOf(named(secrets, name)))
  const [e, re] = [hello, welcome].map(({ fields }) => hexOf(named(fields, 'noise: e')))
  const mixed = [e, es, ss, re, ee, se, psk]
  if (mixed.includes(undefined)) return []
  return ['first key', 'second key'].flatMap((name, place) => {
    const prints = hexOf(named(secrets, name))
    if (prints === undefined) return []
    const program = [
      ...HELPERS,
      `let ck = "${PROTOCOL}"`,
      `for (const input of ${JSON.stringify(mixed)}) ck = hkdf(hex(input), ck, "", 64).subarray(0, 32)`,
      `console.log(hkdf("", ck, "", 64).subarray(${32 * place}, ${32 * place + 32}).toString("hex"))`,
    ]
    return [
      {
        what: `${name} of the channel = Split() of the chaining key, into which e, es, ss, e, ee, se and psk were mixed`,
        command: `node -e '${program.join('; ')}'`,
        prints,
      },
    ]
  })
}

/** The public half of somebody's identity key, as they have signed in with it. */
function identityKey(messages: readonly Message[], name: string): string | undefined {
  return hexOf(named(messages.findLast(({ step, from }) => step === 1 && from === name)?.fields ?? [], 'identity_key'))
}

/** A number of two bytes. */
function number(value: number): string {
  return value.toString(16).padStart(4, '0')
}
