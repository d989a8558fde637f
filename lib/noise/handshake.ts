/**
 * The handshake Noise_IKpsk2_25519_AESGCM_SHA256 (Noise, revision 34, sections 5.3, 7.5 and 9), written out token by
 * token for each role:
 *
 *     IKpsk2:
 *       <- s
 *       ...
 *       -> e, es, s, ss
 *       <- e, ee, se, psk
 *
 *     message 1                                 message 2
 *     offset  size    field                     offset  size    field
 *     0       32      e, in the clear           0       32      e, in the clear
 *     32      32 + 16 s, encrypted              32      n + 16  payload, encrypted
 *     80      n + 16  payload, encrypted
 *
 * Ephemeral keys come in as arguments; each serves one handshake and no other. The psk comes with message 2, so the
 * responder can make it of what message 1 told it.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { fixedLength } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { DH_BYTES, KEY_BYTES, type KeyPair, MAX_MESSAGE_BYTES, TAG_BYTES } from './primitives.ts'
import { SymmetricState } from './symmetric-state.ts'
import { Transport } from './transport.ts'

/** The name that the handshake begins with: whoever speaks another protocol fails at the first tag. */
export const PROTOCOL_NAME = 'Noise_IKpsk2_25519_AESGCM_SHA256'

/** Bytes of message 1 with an empty payload: e, s and its tag, the payload's tag. */
export const MESSAGE_1_BYTES = DH_BYTES + DH_BYTES + TAG_BYTES + TAG_BYTES

/** Bytes of message 2 with an empty payload: e, the payload's tag. */
export const MESSAGE_2_BYTES = DH_BYTES + TAG_BYTES

/**
 * The initiator: it knows whom it calls.
 *
 * The methods are called in the order in which they stand here, each once. A failure is final.
 */
export class Initiator {
  readonly #symmetric: SymmetricState
  readonly #s: KeyPair
  readonly #e: KeyPair
  readonly #rs: Uint8Array
  readonly #order = new Order()

  /**
   * @param keys.s - One's own static key pair.
   * @param keys.e - A fresh ephemeral key pair, for this handshake alone.
   * @param keys.rs - The responder's static public key, 32 bytes.
   */
  constructor(
    prologue: Uint8Array,
    { s, e, rs }: { readonly s: KeyPair; readonly e: KeyPair; readonly rs: Uint8Array },
  ) {
    this.#s = s
    this.#e = e
    this.#rs = fixedLength(rs, DH_BYTES, 'static public key')
    this.#symmetric = begin(prologue, rs)
  }

  /**
   * Write message 1: `-> e, es, s, ss`.
   *
   * @param payload - At most 65,439 bytes. Anybody may replay it, and whoever gets the responder's key can read it.
   * @returns {@link MESSAGE_1_BYTES} bytes and the payload's.
   * @throws SottoError `ERR_LOW_ORDER_KEY` if the responder's key is such.
   */
  writeMessage1(payload: Uint8Array): Uint8Array {
    return this.#order.step(1, () => {
      const symmetric = this.#symmetric
      // -> e
      symmetric.mixHash(this.#e.publicKey)
      symmetric.mixKey(this.#e.publicKey)
      // es
      symmetric.mixKey(this.#e.dh(this.#rs))
      // s
      const s = symmetric.encryptAndHash(this.#s.publicKey)
      // ss
      symmetric.mixKey(this.#s.dh(this.#rs))
      return message(this.#e.publicKey, s, symmetric.encryptAndHash(payload))
    })
  }

  /**
   * Read message 2: `<- e, ee, se, psk`. Once it returns, the responder has shown that it has its static key and the
   * psk.
   *
   * @param psk - 32 bytes.
   * @returns The payload.
   * @throws SottoError
   *   - `ERR_HELLO_MALFORMED` if the message has an impossible length,
   *   - `ERR_LOW_ORDER_KEY` if the ephemeral key is such,
   *   - `ERR_DECRYPT` if it is not from the responder, or not for this handshake, or the psk is another.
   */
  readMessage2(message: Uint8Array, psk: Secret): Uint8Array {
    return this.#order.step(2, () => {
      checkLength(message, MESSAGE_2_BYTES)
      const symmetric = this.#symmetric
      // <- e
      const re = message.subarray(0, DH_BYTES)
      symmetric.mixHash(re)
      symmetric.mixKey(re)
      // ee
      symmetric.mixKey(this.#e.dh(re))
      // se
      symmetric.mixKey(this.#s.dh(re))
      // psk
      symmetric.mixKeyAndHash(fixedLength(psk.reveal(), KEY_BYTES, 'psk'))
      return symmetric.decryptAndHash(message.subarray(DH_BYTES))
    })
  }

  /** Split(): the channel. */
  split(): Transport {
    return this.#order.step(3, () => {
      const { initiator, responder, exported } = this.#symmetric.split()
      return transport(this.#symmetric, { send: initiator, receive: responder }, exported)
    })
  }
}

/**
 * The responder: it learns from message 1 who calls.
 *
 * The methods are called in the order in which they stand here, each once. A failure is final.
 */
export class Responder {
  readonly #symmetric: SymmetricState
  readonly #s: KeyPair
  #re: Uint8Array = new Uint8Array(0)
  #rs: Uint8Array = new Uint8Array(0)
  readonly #order = new Order()

  /** @param s - One's own static key pair. */
  constructor(prologue: Uint8Array, s: KeyPair) {
    this.#s = s
    this.#symmetric = begin(prologue, s.publicKey)
  }

  /**
   * Read message 1: `-> e, es, s, ss`.
   *
   * @returns The payload, and the static public key of whoever calls. Until a first transport message opens, both may
   *   be a replay.
   * @throws SottoError
   *   - `ERR_HELLO_MALFORMED` if the message has an impossible length,
   *   - `ERR_LOW_ORDER_KEY` if a key in it is such,
   *   - `ERR_DECRYPT` if it was not made for this responder and this prologue.
   */
  readMessage1(message: Uint8Array): { readonly payload: Uint8Array; readonly remoteStatic: Uint8Array } {
    return this.#order.step(1, () => {
      checkLength(message, MESSAGE_1_BYTES)
      const symmetric = this.#symmetric
      const endOfS = DH_BYTES + DH_BYTES + TAG_BYTES
      // -> e
      this.#re = Uint8Array.from(message.subarray(0, DH_BYTES))
      symmetric.mixHash(this.#re)
      symmetric.mixKey(this.#re)
      // es
      symmetric.mixKey(this.#s.dh(this.#re))
      // s
      this.#rs = symmetric.decryptAndHash(message.subarray(DH_BYTES, endOfS))
      // ss
      symmetric.mixKey(this.#s.dh(this.#rs))
      return { payload: symmetric.decryptAndHash(message.subarray(endOfS)), remoteStatic: this.#rs }
    })
  }

  /**
   * Write message 2: `<- e, ee, se, psk`.
   *
   * @param payload - At most 65,487 bytes.
   * @param keys.e - A fresh ephemeral key pair, for this handshake alone.
   * @param keys.psk - 32 bytes.
   * @returns {@link MESSAGE_2_BYTES} bytes and the payload's.
   */
  writeMessage2(payload: Uint8Array, { e, psk }: { readonly e: KeyPair; readonly psk: Secret }): Uint8Array {
    return this.#order.step(2, () => {
      const symmetric = this.#symmetric
      // <- e
      symmetric.mixHash(e.publicKey)
      symmetric.mixKey(e.publicKey)
      // ee
      symmetric.mixKey(e.dh(this.#re))
      // se
      symmetric.mixKey(e.dh(this.#rs))
      // psk
      symmetric.mixKeyAndHash(fixedLength(psk.reveal(), KEY_BYTES, 'psk'))
      return message(e.publicKey, symmetric.encryptAndHash(payload))
    })
  }

  /** Split(): the channel. */
  split(): Transport {
    return this.#order.step(3, () => {
      const { initiator, responder, exported } = this.#symmetric.split()
      return transport(this.#symmetric, { send: responder, receive: initiator }, exported)
    })
  }
}

/** Initialize() of both roles: the name, the prologue, and the pre-message `<- s`. */
function begin(prologue: Uint8Array, responderStatic: Uint8Array): SymmetricState {
  const symmetric = new SymmetricState(PROTOCOL_NAME)
  symmetric.mixHash(prologue)
  symmetric.mixHash(responderStatic)
  return symmetric
}

function transport(
  symmetric: SymmetricState,
  directions: Pick<ConstructorParameters<typeof Transport>[0], 'send' | 'receive'>,
  exported: Uint8Array,
): Transport {
  return new Transport({
    ...directions,
    handshakeHash: symmetric.getHandshakeHash(),
    exportSecret: Secret.of(exported, KEY_BYTES),
  })
}

function message(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = Buffer.concat(parts)
  if (whole.length > MAX_MESSAGE_BYTES) throw new TypeError(`a Noise message is at most ${MAX_MESSAGE_BYTES} bytes`)
  return whole
}

function checkLength(message: Uint8Array, shortest: number): void {
  if (message.length >= shortest && message.length <= MAX_MESSAGE_BYTES) return
  throw new SottoError('ERR_HELLO_MALFORMED', 'a handshake message has an impossible length')
}

/** Sees to it that each step is taken once and in its turn, and that nothing follows a failure. */
class Order {
  #next = 1

  step<T>(number: number, work: () => T): T {
    if (this.#next !== number) throw new TypeError('a handshake step out of its turn')
    this.#next = Number.NaN
    const result = work()
    this.#next = number + 1
    return result
  }
}
