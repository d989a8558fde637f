/**
 * The sender's end of the handshake: Hello out, Welcome in (docs/protocol.md, section 4).
 *
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import type { Hello } from '#gen/sotto/peer/v1/handshake.ts'
import { SottoError } from '#lib/errors.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import { Channel } from './channel.ts'
import { startHandshake } from './handshake.ts'
import type { RandomBytes, WelcomeBytes } from './hello.ts'
import { prologueOf } from './prologue.ts'
import { derivePsk } from './psk.ts'

export interface ConversationStart {
  /** The sender's identity key. */
  readonly identity: KeyPair
  readonly ownName: string
  /** 32 bytes. */
  readonly realm: Uint8Array
  /** The grant, opened and checked: whom this is for, and the secret. */
  readonly grant: Grant
  /** The ticket that came with it, sealed as it came. */
  readonly ticket: Uint8Array
  /** Asked for an ephemeral key (32 bytes) and an ML-KEM seed (64), in this order. */
  readonly random: RandomBytes
}

/** A Hello that waits for its Welcome. */
export interface StartedConversation {
  /** The Hello, for one receiver, once: a further attempt takes a new ticket and a new start. */
  readonly hello: Hello
  /**
   * Take the Welcome.
   *
   * @param welcome - As it came.
   * @returns The channel. The receiver has shown that it opened the ticket and holds the identity key that Auth named.
   * @throws SottoError
   *   - `ERR_HELLO_MALFORMED` if a part has another length,
   *   - `ERR_LOW_ORDER_KEY` if its ephemeral key is of low order,
   *   - `ERR_DECRYPT` if it is not from that receiver, or not for this Hello.
   * @throws TypeError if it is called again, after a failure too.
   */
  complete(welcome: WelcomeBytes): Channel
}

/**
 * Begin a conversation with the receiver that a grant names.
 *
 * @throws SottoError
 *   - `ERR_CHAT_WITH_SELF` if that is the sender itself,
 *   - `ERR_LOW_ORDER_KEY` if its identity key is of low order.
 */
export function startConversation(start: ConversationStart): StartedConversation {
  const { identity, ownName, realm, grant, ticket, random } = start
  const { receiverName, receiverIdentityKey, receiverInstanceId: instanceId, secret } = grant
  if (receiverName === ownName || timingSafeEqual(receiverIdentityKey, identity.publicKey)) {
    throw new SottoError('ERR_CHAT_WITH_SELF', 'the receiver is the sender itself')
  }
  const pair = { senderName: ownName, receiverName, senderIdentityKey: identity.publicKey, receiverIdentityKey }
  const { hello, complete } = startHandshake({
    identity,
    receiverIdentityKey,
    instanceId,
    ticket,
    random,
    prologue: (clear) => prologueOf({ realm, ...pair, clear }),
    psk: (kem) => derivePsk({ secret, ticket, ...pair, ...kem }),
  })
  return { hello, complete: (welcome) => new Channel(complete(welcome), { isConfirmed: true }) }
}
