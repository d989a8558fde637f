/**
 * Handshakes of any pattern of the Noise framework, over the primitives and state objects that ship. So the published
 * vectors of all patterns test these objects, and not only those of the one pattern that Sotto speaks.
 *
 * @module
 */
import type { CipherState } from '#lib/noise/cipher-state.ts'
import { DH_BYTES, type KeyPair, TAG_BYTES } from '#lib/noise/primitives.ts'
import { SymmetricState } from '#lib/noise/symmetric-state.ts'
import type { Secret } from '#lib/secret.ts'

/** The patterns: pre-messages, initiator / responder, then the messages in turn (Noise, sections 7.4, 7.5 and 18.1). */
const PATTERNS: Record<string, string> = {
  N: '/ s: e es',
  K: 's / s: e es ss',
  X: '/ s: e es s ss',
  NN: '/: e, e ee',
  NK: '/ s: e es, e ee',
  NX: '/: e, e ee s es',
  KN: 's /: e, e ee se',
  KK: 's / s: e es ss, e ee se',
  KX: 's /: e, e ee se s es',
  XN: '/: e, e ee, s se',
  XK: '/ s: e es, e ee, s se',
  XX: '/: e, e ee s es, s se',
  IN: '/: e s, e ee se',
  IK: '/ s: e es s ss, e ee se',
  IX: '/: e s, e ee se s es',
  NK1: '/ s: e, e ee es',
  NX1: '/: e, e ee s, es',
  X1N: '/: e, e ee, s, se',
  X1K: '/ s: e es, e ee, s, se',
  XK1: '/ s: e, e ee es, s se',
  X1K1: '/ s: e, e ee es, s, se',
  X1X: '/: e, e ee s es, s, se',
  XX1: '/: e, e ee s, es s se',
  X1X1: '/: e, e ee s, es s, se',
  K1N: 's /: e, e ee, se',
  K1K: 's / s: e es, e ee, se',
  KK1: 's / s: e, e ee se es',
  K1K1: 's / s: e, e ee es, se',
  K1X: 's /: e, e ee s es, se',
  KX1: 's /: e, e ee se s, es',
  K1X1: 's /: e, e ee s, se es',
  I1N: '/: e s, e ee, se',
  I1K: '/ s: e es s, e ee, se',
  IK1: '/ s: e s, e ee se es',
  I1K1: '/ s: e s, e ee es, se',
  I1X: '/: e s, e ee s es, se',
  IX1: '/: e s, e ee se s, es',
  I1X1: '/: e s, e ee s, se es',
}

interface Pattern {
  readonly initiatorKnown: boolean
  readonly responderKnown: boolean
  readonly messages: readonly (readonly string[])[]
  readonly hasPsk: boolean
}

function patternOf(protocolName: string): Pattern {
  const [, name = '', modifiers = ''] =
    /^Noise_([A-Z0-9]+)((?:psk\d\+?)*)_25519_AESGCM_SHA256$/.exec(protocolName) ?? []
  const line = PATTERNS[name]
  if (line === undefined) throw new Error(`no pattern for ${protocolName}`)
  const [known = '', messages = ''] = line.split(':')
  const [initiator = '', responder = ''] = known.split('/')
  const tokens = messages.split(',').map((message) => message.trim().split(' '))
  for (const [, place] of modifiers.matchAll(/psk(\d)/g)) {
    if (place === '0') tokens[0]?.unshift('psk')
    else tokens[Number(place) - 1]?.push('psk')
  }
  return {
    initiatorKnown: initiator.trim() === 's',
    responderKnown: responder.trim() === 's',
    messages: tokens,
    hasPsk: modifiers !== '',
  }
}

export interface Party {
  readonly isInitiator: boolean
  readonly prologue: Uint8Array
  readonly psks: readonly Secret[]
  readonly s?: KeyPair | undefined
  readonly e?: KeyPair | undefined
  readonly rs?: Uint8Array | undefined
}

/** An end of one handshake of any pattern, and of the transport phase after it. */
export class PatternEnd {
  readonly #pattern: Pattern
  readonly #symmetric: SymmetricState
  readonly #party: Party
  readonly #psks: Secret[]
  #re: Uint8Array | undefined
  #rs: Uint8Array | undefined
  #turn = 0
  /** Whether a key was mixed in, so that what is encrypted now has a tag. */
  #hasKey = false
  #transport: { initiator: CipherState; responder: CipherState } | undefined

  constructor(protocolName: string, party: Party) {
    this.#pattern = patternOf(protocolName)
    this.#party = party
    this.#rs = party.rs
    this.#psks = [...party.psks]
    this.#symmetric = new SymmetricState(protocolName)
    this.#symmetric.mixHash(party.prologue)
    const { initiatorKnown, responderKnown } = this.#pattern
    if (initiatorKnown) this.#symmetric.mixHash(party.isInitiator ? this.#s.publicKey : this.#remoteStatic)
    if (responderKnown) this.#symmetric.mixHash(party.isInitiator ? this.#remoteStatic : this.#s.publicKey)
  }

  /** The handshake hash; undefined until the handshake is done. */
  get handshakeHash(): Uint8Array | undefined {
    return this.#transport && this.#symmetric.getHandshakeHash()
  }

  /** Whether the next message is this end's to write. In a one-way pattern all are the initiator's. */
  get writesNext(): boolean {
    const isInitiators = this.#pattern.messages.length === 1 || this.#turn % 2 === 0
    return isInitiators === this.#party.isInitiator
  }

  write(payload: Uint8Array): Uint8Array {
    const cipher = this.#cipherOf(true)
    const parts = cipher ? [cipher.encryptWithAd(new Uint8Array(0), payload)] : this.#writeTokens(payload)
    this.#endTurn()
    return Buffer.concat(parts)
  }

  read(message: Uint8Array): Uint8Array {
    const cipher = this.#cipherOf(false)
    const payload = cipher ? cipher.decryptWithAd(new Uint8Array(0), message) : this.#readTokens(message)
    this.#endTurn()
    return payload
  }

  #writeTokens(payload: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = []
    for (const token of this.#tokens) {
      if (token === 'e') {
        parts.push(this.#e.publicKey)
        this.#mixEphemeral(this.#e.publicKey)
      } else if (token === 's') parts.push(this.#symmetric.encryptAndHash(this.#s.publicKey))
      else this.#mix(token)
    }
    return [...parts, this.#symmetric.encryptAndHash(payload)]
  }

  #readTokens(message: Uint8Array): Uint8Array {
    let rest = message
    const take = (length: number): Uint8Array => {
      const taken = rest.subarray(0, length)
      rest = rest.subarray(length)
      return taken
    }
    for (const token of this.#tokens) {
      if (token === 'e') {
        this.#re = take(DH_BYTES)
        this.#mixEphemeral(this.#re)
      } else if (token === 's') {
        this.#rs = this.#symmetric.decryptAndHash(take(DH_BYTES + (this.#hasKey ? TAG_BYTES : 0)))
      } else this.#mix(token)
    }
    return this.#symmetric.decryptAndHash(rest)
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey)
    if (this.#pattern.hasPsk) this.#mixKey(publicKey)
  }

  #mix(token: string): void {
    if (token === 'psk') {
      const psk = this.#psks.shift()
      if (!psk) throw new Error('a psk is missing')
      this.#symmetric.mixKeyAndHash(psk.reveal())
      this.#hasKey = true
      return
    }
    // The first letter is the initiator's key, the second the responder's.
    const [own, remote] = this.#party.isInitiator ? token : [...token].reverse()
    const keyPair = own === 'e' ? this.#e : this.#s
    this.#mixKey(keyPair.dh(remote === 'e' ? this.#remoteEphemeral : this.#remoteStatic))
  }

  #mixKey(inputKeyMaterial: Uint8Array): void {
    this.#symmetric.mixKey(inputKeyMaterial)
    this.#hasKey = true
  }

  #endTurn(): void {
    this.#turn += 1
    if (this.#turn === this.#pattern.messages.length) this.#transport = this.#symmetric.split()
  }

  #cipherOf(writing: boolean): CipherState | undefined {
    const isInitiators = this.#party.isInitiator === writing
    return isInitiators ? this.#transport?.initiator : this.#transport?.responder
  }

  get #tokens(): readonly string[] {
    return given(this.#pattern.messages[this.#turn], 'message')
  }

  get #s(): KeyPair {
    return given(this.#party.s, 'static key')
  }

  get #e(): KeyPair {
    return given(this.#party.e, 'ephemeral key')
  }

  get #remoteStatic(): Uint8Array {
    return given(this.#rs, 'remote static key')
  }

  get #remoteEphemeral(): Uint8Array {
    return given(this.#re, 'remote ephemeral key')
  }
}

function given<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the ${name} is missing`)
  return value
}
