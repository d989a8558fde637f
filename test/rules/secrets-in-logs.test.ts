import { Metadata } from '@grpc/grpc-js'
import { expect } from 'chai'
import { LoginRequest, LoginResponse } from '#gen/sotto/auth/v1/auth_service.ts'
import { Channel } from '#lib/channel/channel.ts'
import { SottoError } from '#lib/errors.ts'
import { CipherState } from '#lib/noise/cipher-state.ts'
import { Initiator, Responder } from '#lib/noise/handshake.ts'
import { keyPairFrom } from '#lib/noise/primitives.ts'
import { SymmetricState } from '#lib/noise/symmetric-state.ts'
import { Transport } from '#lib/noise/transport.ts'
import { statusOf } from '#lib/rpc/status.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { RowSeal } from '../../clients/store/disk/row-seal.ts'
import { WrappingKey } from '../../services/auth/keys/key-wrapping.ts'
import { findSecrets } from '../support/byte-forms.ts'
import { hello, ticketBody } from '../support/conversation.ts'
import { bytesOf, keyPairOf } from '../support/random.ts'
import { testLog } from '../support/test-log.ts'

const KEY = bytesOf('the known key', 32)
const SECRET = Secret.of(KEY)
const OWN = keyPairFrom(SECRET)
const OTHER = keyPairOf('the other end')

function cipherState(): CipherState {
  const state = new CipherState()
  state.initializeKey(KEY)
  return state
}

function transport(): Transport {
  return new Transport({ send: cipherState(), receive: cipherState(), handshakeHash: KEY, exportSecret: SECRET })
}

/** Everything in the project that holds a key, made with the known one. */
const HOLDERS: Readonly<Record<string, () => object>> = {
  Secret: () => SECRET,
  KeyPair: () => OWN,
  CipherState: cipherState,
  SymmetricState: () => {
    const state = new SymmetricState('Noise_IKpsk2_25519_AESGCM_SHA256')
    state.mixKey(KEY)
    return state
  },
  Initiator: () => new Initiator(KEY, { s: OWN, e: OWN, rs: OTHER.publicKey }),
  Responder: () => new Responder(KEY, OWN),
  Transport: transport,
  Channel: () => new Channel(transport(), { isConfirmed: true }),
  SessionKeys: () => deriveSessionKeys(SECRET),
  Ticket: () => ticketBody({ secret: SECRET }),
  'a conversation that has begun': () => hello({ identity: OWN }),
  WrappingKey: () => new WrappingKey(SECRET),
  RowSeal: () => new RowSeal(SECRET, () => KEY),
  LoginRequest: () =>
    LoginRequest.create({ password: Buffer.from(KEY).toString('hex'), identityKey: Buffer.from(KEY) }),
  LoginResponse: () => LoginResponse.create({ sessionToken: Buffer.from(KEY) }),
  'the metadata of a call': () => {
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${Buffer.from(KEY).toString('base64url')}`)
    return metadata
  },
  'the status of a call': () => statusOf(new SottoError('ERR_STORE', 'damaged', { cause: OWN })),
  'an error that carries one': () => Object.assign(new Error('failed', { cause: OWN }), { request: { bearer: KEY } }),
}

/** The ways into a log. */
const WAYS: Readonly<Record<string, (log: Logger, holder: object) => void>> = {
  'as all there is to say': (log, holder) => log.trace(holder),
  'in a field': (log, holder) => log.trace({ holder }, 'made'),
  'as an error': (log, holder) => log.trace({ err: holder }, 'made'),
  'in the message': (log, holder) => log.trace('made %o %j', holder, holder),
  'bound to a child': (log, holder) => log.child({ holder }).trace('made'),
}

/** As pino prints bytes that nobody has looked after: one by one. */
const ONE_BY_ONE = [`"0":${KEY[0]},"1":${KEY[1]}`, `${KEY[0]},${KEY[1]},${KEY[2]}`, `${KEY[0]}, ${KEY[1]}, ${KEY[2]}`]

describe('a log', () => {
  for (const [name, make] of Object.entries(HOLDERS)) {
    it(`shows no key of ${name}, however it gets there`, () => {
      for (const [way, write] of Object.entries(WAYS)) {
        const { log, text, lines } = testLog('trace')
        write(log, make())
        expect(lines(), way).to.have.lengthOf(1)
        expect(findSecrets({ key: KEY }, Buffer.from(text(), 'utf8')), way).to.deep.equal([])
        for (const form of ONE_BY_ONE) expect(text(), way).to.not.include(form)
      }
    })
  }
})
