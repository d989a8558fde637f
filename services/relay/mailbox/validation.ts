/**
 * The limits of the mailbox's requests, as proto/sotto/relay/v1 states them.
 *
 * Every function throws SottoError `ERR_INVALID_ARGUMENT` that names all the fields at fault.
 *
 * @module
 */
import type {
  CollectRequest,
  MailboxAddress,
  PostLettersRequest,
  PutPrekeysRequest,
  TakePrekeysRequest,
} from '#gen/sotto/relay/v1/mailbox_service.ts'
import { isPrekey, PREKEY_ID_BYTES } from '#lib/letter/prekey.ts'
import { MAX_LETTERS_TOGETHER } from '#lib/protocol.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { Violations } from '#lib/validation.ts'
import { LETTER_ID_BYTES } from './letters.ts'

/** How many prekeys one call may put down: 40 KiB. */
const MAX_PUT_TOGETHER = 32

/** How many ids one message may have: 2 KiB. */
const MAX_IDS = 128

/** The largest letter, in bytes: one of this version has 63,252 at most. */
const MAX_LETTER_BYTES = 65_024

export function checkPutPrekeysRequest({ prekeys, lastResort, withdrawnIds }: PutPrekeysRequest): void {
  const violations = new Violations()
  violations.expect(
    prekeys.length <= MAX_PUT_TOGETHER && prekeys.every(isPrekey),
    'prekeys',
    `must be at most ${MAX_PUT_TOGETHER} whole prekeys`,
  )
  violations.expect(lastResort === undefined || isPrekey(lastResort), 'last_resort', 'must be a whole prekey')
  expectIds(violations, withdrawnIds, PREKEY_ID_BYTES, 'withdrawn_ids')
  violations.throwIfAny()
}

export function checkTakePrekeysRequest({ receivers }: TakePrekeysRequest): void {
  const violations = new Violations()
  expectAddresses(violations, receivers, 'receivers')
  violations.throwIfAny()
}

export function checkPostLettersRequest({ letters }: PostLettersRequest): void {
  const violations = new Violations()
  expectAddresses(violations, letters, 'letters')
  violations.expectEach(
    letters.slice(0, MAX_LETTERS_TOGETHER),
    ({ letter }) => letter.length >= 1 && letter.length <= MAX_LETTER_BYTES,
    (places) => `letters[${places}].letter`,
    `must be 1 to ${MAX_LETTER_BYTES} bytes`,
  )
  violations.throwIfAny()
}

/** Expect some receivers, and no more than a call may be about. @param list - The field that has them. */
function expectAddresses(violations: Violations, all: readonly MailboxAddress[], list: string): void {
  const addresses = violations.expectSome(all, MAX_LETTERS_TOGETHER, list, list)
  const names = addresses.map(({ username }) => username)
  const sessionIds = addresses.map(({ sessionId }) => sessionId)
  violations.expectUsernames(names, (places) => `${list}[${places}].username`)
  violations.expectBytesOfEach(sessionIds, SESSION_ID_BYTES, (places) => `${list}[${places}].session_id`)
}

export function checkCollectRequest({ letterIds }: CollectRequest): void {
  const violations = new Violations()
  expectIds(violations, letterIds, LETTER_ID_BYTES, 'letter_ids')
  violations.throwIfAny()
}

function expectIds(violations: Violations, ids: readonly Uint8Array[], bytes: number, field: string): void {
  const isRight = ids.length <= MAX_IDS && ids.every(({ length }) => length === bytes)
  violations.expect(isRight, field, `must be at most ${MAX_IDS} of ${bytes} bytes`)
}
