/**
 * What a mailbox answers of each letter, and of each prekey, of a call that is about several; and how many letters go in one.
 *
 * @module
 */
import { PostRefusal, type PostResult, PrekeyRefusal, type PrekeyResult } from '#gen/sotto/relay/v1/mailbox_service.ts'
import { type ErrorCode, SottoError } from '#lib/errors.ts'
import { isPrekey, type Prekey } from '#lib/letter/prekey.ts'
import { MAX_LETTERS_TOGETHER, MAX_POST_BYTES } from '#lib/protocol.ts'
import { refusedEntry } from '#lib/rpc/refused-entry.ts'

/** Where a letter goes: the receiver, and the session that its ticket is sealed for. */
export interface LetterAddress {
  readonly name: string
  /** 16 bytes. */
  readonly sessionId: Uint8Array
}

/** A letter that is to be left for somebody, sealed. */
export interface AddressedLetter {
  readonly address: LetterAddress
  readonly letter: Uint8Array
}

/** What the tags and lengths of a letter and of its fields add to them in a request, in bytes, at most. */
const TAGS_BYTES = 16

const PREKEY_REFUSALS: ReadonlyMap<PrekeyRefusal | undefined, ErrorCode> = new Map([
  [PrekeyRefusal.NO_MAILBOX, 'ERR_NO_MAILBOX'],
])

const POST_REFUSALS: ReadonlyMap<PostRefusal | undefined, ErrorCode> = new Map([
  [PostRefusal.NO_MAILBOX, 'ERR_NO_MAILBOX'],
  [PostRefusal.WITH_SELF, 'ERR_CHAT_WITH_SELF'],
  [PostRefusal.BUSY, 'ERR_BUSY'],
])

/** A prekey that came, or why there is none. */
export function readPrekey(result: PrekeyResult['result']): Prekey | SottoError {
  if (result?.$case !== 'prekey') return refusedEntry(PREKEY_REFUSALS.get(result?.value) ?? 'ERR_INTERNAL')
  return isPrekey(result.value) ? result.value : brokenContract('prekey')
}

/** Undefined for a letter that is left, or why it is not. */
export function readPosted(result: PostResult['result']): SottoError | undefined {
  if (result?.$case === 'posted') return undefined
  const { reason, retryDelay } = result?.value ?? {}
  return refusedEntry(POST_REFUSALS.get(reason) ?? 'ERR_INTERNAL', retryDelay)
}

/** The error for an answer of a mailbox that breaks its contract in a field. */
export function brokenContract(field: string): SottoError {
  return new SottoError('ERR_UNAVAILABLE', `the answer of the relay breaks its contract in ${field}`, {
    hint: 'whoever runs the server has to look: both ends need the same version of sotto',
  })
}

/** Letters in as few requests as their number and their sizes allow, in their order. */
export function inRequests<Letter extends AddressedLetter>(letters: readonly Letter[]): Letter[][] {
  const requests: Letter[][] = []
  let room = 0
  for (const each of letters) {
    const { address, letter } = each
    const bytes = letter.length + address.name.length + address.sessionId.length + TAGS_BYTES
    const last = requests.at(-1)
    if (last !== undefined && bytes <= room && last.length < MAX_LETTERS_TOGETHER) last.push(each)
    else {
      requests.push([each])
      room = MAX_POST_BYTES
    }
    room -= bytes
  }
  return requests
}
