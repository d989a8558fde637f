/**
 * Messages 1 and 2 as the trace tells them: a login, and its answer.
 *
 * @module
 */
import { LoginRequest, LoginResponse } from '#gen/sotto/auth/v1/auth_service.ts'
import type { SessionKeys } from '#lib/session/session-keys.ts'
import { bytesField, hiddenField, plain, secretField, TLS, type TraceEvent, type TraceField, tls } from './trace.ts'
import { LOGIN, LOGIN_ANSWER, piecesOf } from './wire-pieces.ts'

/** 1: a name, a password, an identity key. */
export function loginRequestEvent(request: LoginRequest): TraceEvent {
  const { username, password, identityKey, replaceIdentityKey, code } = request
  const encoded = LoginRequest.encode(request).finish()
  return {
    step: 1,
    message: 'LoginRequest',
    from: username,
    to: 'auth',
    method: 'sotto.auth.v1.AuthService.Login',
    protection: TLS,
    bytes: encoded.length,
    seal: tls(username, 'auth'),
    wire: piecesOf(encoded, LOGIN),
    fields: [
      plain('username', username),
      // No fingerprint: a password can be guessed, and a fingerprint would tell who guessed right.
      hiddenField('password', 'not shown, in no form', password),
      bytesField('identity_key', identityKey, 'X25519, the public half'),
      ...(code === '' ? [] : [hiddenField('code', 'not shown, in no form', code)]),
      ...(replaceIdentityKey ? [plain('replace_identity_key', true)] : []),
    ],
    readableBy: `${username} and auth. The password is nobody else’s business, and auth keeps only its argon2id hash.`,
  }
}

/**
 * 2: the session token, and what both ends make of it before they forget it.
 *
 * @param realm - Of the installation: both ends know it, and all that is sealed is bound to it.
 */
export function loginResponseEvent(
  response: LoginResponse,
  username: string,
  { keys, realm }: { readonly keys: SessionKeys; readonly realm: Uint8Array },
): TraceEvent {
  const encoded = LoginResponse.encode(response).finish()
  const derived: TraceField[] = [
    secretField('directory bearer', keys.directoryBearer, 'shown to the directory'),
    secretField('auth bearer', keys.authBearer, 'shown to auth alone'),
    ...(keys.relayBearer ? [secretField('relay bearer', keys.relayBearer, 'shown to a relay')] : []),
    secretField('ticket key', keys.ticketKey, `opens what others bring to ${username}`),
    secretField('grant key', keys.grantKey, `opens what ${username} is answered`),
  ]
  const token = secretField('session_token', response.sessionToken, 'both ends derive these, and forget it:')
  return {
    step: 2,
    message: 'LoginResponse',
    from: 'auth',
    to: username,
    method: 'sotto.auth.v1.AuthService.Login',
    protection: TLS,
    bytes: encoded.length,
    seal: tls('auth', username),
    wire: piecesOf(encoded, LOGIN_ANSWER),
    fields: [
      { ...token, inside: derived },
      bytesField('session_id', response.sessionId),
      ...(response.expiresAt ? [plain('expires_at', response.expiresAt)] : []),
      ...(response.serverTime ? [plain('server_time', response.serverTime)] : []),
      bytesField('realm', realm, 'not in the message: both know it'),
    ],
    readableBy: `${username} and auth.`,
  }
}
