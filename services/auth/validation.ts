/**
 * The limits of Auth's requests, as proto/sotto/auth/v1 states them.
 *
 * Every function throws SottoError `ERR_INVALID_ARGUMENT` that names all the fields at fault.
 *
 * @module
 */
import { isIP } from 'node:net'
import type {
  BeginSecondFactorRequest,
  ChangePasswordRequest,
  EndSessionsRequest,
  JoinRequest,
  LoginRequest,
} from '#gen/sotto/auth/v1/auth_service.ts'
import type {
  AuthenticateRequest,
  FindAccountRequest,
  ListAccountsRequest,
  SealChatsRequest,
  SealLettersRequest,
} from '#gen/sotto/sealing/v1/sealing_service.ts'
import { INVITE_CODE_BYTES } from '#lib/invite-link.ts'
import { isUsablePublicKey } from '#lib/noise/primitives.ts'
import { IDENTITY_KEY_BYTES, INSTANCE_ID_BYTES, MAX_LISTED_USERS, MAX_SEALED_TOGETHER } from '#lib/protocol.ts'
import { SESSION_KEY_BYTES } from '#lib/session/session-keys.ts'
import { REQUEST_NONCE_BYTES, SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { SENDER_ADDRESS } from '#lib/ticket/ticket.ts'
import { REQUEST_ID, USERNAME_PREFIX, Violations } from '#lib/validation.ts'
import { parseCode } from './second-factor/codes.ts'

/** How many sessions one call may end: as many as an account has. */
const MAX_ENDED_SESSIONS = 16

/** The longest password, in bytes of UTF-8: more is no password, and each byte is hashed. */
export const MAX_PASSWORD_BYTES = 1024

/** The longest code of a second factor, in bytes of UTF-8: the 16 characters of a recovery code, and much between them. */
const MAX_CODE_BYTES = 64

export function checkLoginRequest({ identityKey, ...shown }: LoginRequest): void {
  const violations = new Violations()
  expectShown(violations, shown)
  violations.expect(
    identityKey.length === IDENTITY_KEY_BYTES && isUsablePublicKey(identityKey),
    'identity_key',
    `must be an X25519 public key of ${IDENTITY_KEY_BYTES} bytes, not of low order`,
  )
  violations.throwIfAny()
}

/** What whoever owns an account shows. */
export function checkShown(shown: BeginSecondFactorRequest): void {
  const violations = new Violations()
  expectShown(violations, shown)
  violations.throwIfAny()
}

/** The rules for new passwords are another matter: passwords/new-password.ts. */
export function checkJoinRequest({ code, username, password }: JoinRequest): void {
  const violations = new Violations()
  violations.expect(
    code.length === 0 || code.length === INVITE_CODE_BYTES,
    'code',
    `must be ${INVITE_CODE_BYTES} bytes, or empty`,
  )
  violations.expectUsername(username, 'username')
  expectPassword(violations, password, 'password')
  violations.throwIfAny()
}

export function checkChangePasswordRequest({ currentPassword, newPassword }: ChangePasswordRequest): void {
  const violations = new Violations()
  expectPassword(violations, currentPassword, 'current_password')
  expectPassword(violations, newPassword, 'new_password')
  violations.throwIfAny()
}

export function checkEndSessionsRequest({ sessionIds }: EndSessionsRequest): void {
  const violations = new Violations()
  violations.expect(
    sessionIds.length <= MAX_ENDED_SESSIONS && sessionIds.every(({ length }) => length === SESSION_ID_BYTES),
    'session_ids',
    `must be at most ${MAX_ENDED_SESSIONS} of ${SESSION_ID_BYTES} bytes`,
  )
  violations.throwIfAny()
}

function expectShown(violations: Violations, { username, password, code }: BeginSecondFactorRequest): void {
  violations.expectUsername(username, 'username')
  expectPassword(violations, password, 'password')
  violations.expect(
    code === '' || (Buffer.byteLength(code, 'utf8') <= MAX_CODE_BYTES && parseCode(code) !== undefined),
    'code',
    'must be empty, 6 digits, or the 16 characters of a recovery code',
  )
}

function expectPassword(violations: Violations, password: string, field: string): void {
  const bytes = Buffer.byteLength(password, 'utf8')
  violations.expect(
    bytes >= 1 && bytes <= MAX_PASSWORD_BYTES,
    field,
    `must be 1 to ${MAX_PASSWORD_BYTES} bytes of UTF-8`,
  )
}

/** @param isRelay - Whether a relay asks, by its certificate. */
export function checkAuthenticateRequest(
  { directoryBearer, relayBearer }: AuthenticateRequest,
  isRelay: boolean,
): void {
  const violations = new Violations()
  violations.expectBytes(directoryBearer, isRelay ? 0 : SESSION_KEY_BYTES, 'directory_bearer')
  violations.expectBytes(relayBearer, isRelay ? SESSION_KEY_BYTES : 0, 'relay_bearer')
  violations.throwIfAny()
}

export function checkFindAccountRequest({ username }: FindAccountRequest): void {
  const violations = new Violations()
  violations.expectUsername(username, 'username')
  violations.throwIfAny()
}

export function checkListAccountsRequest({ directoryBearer, prefix, pageSize, after }: ListAccountsRequest): void {
  const violations = new Violations()
  violations.expectBytes(directoryBearer, SESSION_KEY_BYTES, 'directory_bearer')
  violations.expect(
    USERNAME_PREFIX.test(prefix),
    'prefix',
    'must be at most 32 characters of a-z, 0-9, ".", "_" and "-"',
  )
  violations.expect(pageSize >= 1 && pageSize <= MAX_LISTED_USERS, 'page_size', `must be 1 to ${MAX_LISTED_USERS}`)
  if (after !== '') violations.expectUsername(after, 'after')
  violations.throwIfAny()
}

export function checkSealChatsRequest({ chats }: SealChatsRequest): void {
  const violations = new Violations()
  for (const [chat, field] of expectTogether(violations, 'chats', chats, 'conversations')) {
    violations.expectBytes(chat.senderBearer, SESSION_KEY_BYTES, field('sender_bearer'))
    violations.expectBytes(chat.receiverSessionId, SESSION_ID_BYTES, field('receiver_session_id'))
    violations.expectBytes(chat.receiverInstanceId, INSTANCE_ID_BYTES, field('receiver_instance_id'))
    violations.expectBytes(chat.nonce, REQUEST_NONCE_BYTES, field('nonce'))
    violations.expect(
      chat.senderAddress === '' || (isIP(chat.senderAddress) !== 0 && SENDER_ADDRESS.test(chat.senderAddress)),
      field('sender_address'),
      'must be empty or an IPv4 or IPv6 literal of at most 45 characters',
    )
    expectRequestId(violations, chat.requestId, field('request_id'))
  }
  violations.throwIfAny()
}

export function checkSealLettersRequest({ letters }: SealLettersRequest): void {
  const violations = new Violations()
  for (const [letter, field] of expectTogether(violations, 'letters', letters, 'letters')) {
    violations.expectBytes(letter.senderBearer, SESSION_KEY_BYTES, field('sender_bearer'))
    violations.expectUsername(letter.receiverName, field('receiver_name'))
    violations.expectBytes(letter.nonce, REQUEST_NONCE_BYTES, field('nonce'))
    expectRequestId(violations, letter.requestId, field('request_id'))
  }
  violations.throwIfAny()
}

/** Expect as many as are sealed together. @param name - Of their field. @returns each with what names a field of it. */
function expectTogether<T>(violations: Violations, name: string, all: readonly T[], what: string) {
  return violations
    .expectSome(all, MAX_SEALED_TOGETHER, name, what)
    .map((each, index) => [each, (field: string) => `${name}[${index}].${field}`] as const)
}

function expectRequestId(violations: Violations, requestId: string, field: string): void {
  violations.expect(REQUEST_ID.test(requestId), field, 'must be 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"')
}
