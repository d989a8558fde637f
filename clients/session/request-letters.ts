/**
 * The tickets and the grants of letters to several people, as the directory is asked for them in one call: each answer is held
 * to the request that it stands for.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  LetterRefusal,
  type RequestLettersRequest,
  type RequestLettersResponse,
  type WantedLetter,
  type WantedLetterResult,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { type ErrorCode, isSottoError, type SottoError } from '#lib/errors.ts'
import { refusedEntry } from '#lib/rpc/refused-entry.ts'
import type { Secret } from '#lib/secret.ts'
import { type GrantContext, type GrantExpectation, REQUEST_NONCE_BYTES } from '#lib/ticket/grant.ts'
import { type LetterGrant, openLetterGrant } from '#lib/ticket/letter-grant.ts'
import { requestLetterEvent, requestLetterResponseEvent } from '../trace/directory-events.ts'
import { type Trace, tellInTurn } from '../trace/trace.ts'
import { checkGrantedLetter, checkResults } from './answers.ts'

/** The ticket and the grant of one letter. */
export interface RequestedLetter {
  /** Sealed for the receiver's newest session. */
  readonly ticket: Uint8Array
  /** Opened, and checked to answer this very request. */
  readonly grant: LetterGrant
}

export interface RequestLettersOptions {
  readonly ask: (request: RequestLettersRequest) => Promise<RequestLettersResponse>
  readonly bearer: Secret
  readonly grantContext: GrantContext
  /** @throws SottoError `ERR_GRANT_…`. */
  readonly checkGrant: (grant: LetterGrant, expected: Omit<GrantExpectation, 'nowMs'>) => Promise<void>
  readonly trace: Trace
}

/**
 * Ask for the tickets and the grants of letters.
 *
 * @param usernames - At most MAX_LETTERS_TOGETHER.
 * @returns in their order the letter, or why there is to be none: `ERR_NO_SUCH_USER`, `ERR_NO_MAILBOX`,
 *   `ERR_CHAT_WITH_SELF`, `ERR_INTERNAL`; `ERR_UNAVAILABLE` for a result that breaks its contract; `ERR_GRANT_…` if the grant
 *   is not Auth's answer to this request.
 * @throws SottoError what the call gives; `ERR_UNAVAILABLE` if it does not answer each.
 */
export async function requestLetters(
  usernames: readonly string[],
  options: RequestLettersOptions,
): Promise<(RequestedLetter | SottoError)[]> {
  const { ask, bearer, grantContext, trace } = options
  const letters = usernames.map((username) => ({ username, nonce: randomBytes(REQUEST_NONCE_BYTES) }))
  for (const letter of letters) {
    await tellInTurn(trace, () => requestLetterEvent(letter, letters.length, grantContext.senderName, bearer))
  }
  const { results } = await ask({ letters })
  checkResults(results, letters, 'the directory')
  const requested: (RequestedLetter | SottoError)[] = []
  for (const [index, letter] of letters.entries()) {
    requested.push(await readResult(letter, results[index]?.result, options))
  }
  return requested
}

async function readResult(
  { username, nonce }: WantedLetter,
  result: WantedLetterResult['result'],
  { grantContext, checkGrant, trace }: RequestLettersOptions,
): Promise<RequestedLetter | SottoError> {
  if (result?.$case !== 'granted') return refusedEntry(REFUSALS.get(result?.value) ?? 'ERR_INTERNAL')
  try {
    const { ticket, grant: sealed } = checkGrantedLetter(result.value)
    const grant = openLetterGrant({ ...grantContext, grant: sealed })
    await tellInTurn(trace, () => requestLetterResponseEvent(result.value, grantContext.senderName, grant))
    await checkGrant(grant, { nonce, ticket, receiverName: username })
    return { ticket, grant }
  } catch (error) {
    if (isSottoError(error)) return error
    throw error
  }
}

const REFUSALS: ReadonlyMap<LetterRefusal | undefined, ErrorCode> = new Map([
  [LetterRefusal.NO_SUCH_USER, 'ERR_NO_SUCH_USER'],
  [LetterRefusal.NO_MAILBOX, 'ERR_NO_MAILBOX'],
  [LetterRefusal.WITH_SELF, 'ERR_CHAT_WITH_SELF'],
])
