/**
 * Messages 1 to 4 as the trace tells them: what the services are asked, and what they answer.
 *
 * @module
 */
import { LoginRequest, LoginResponse } from '#gen/sotto/auth/v1/auth_service.ts'
import {
  type AttendedRelay,
  RequestChatRequest,
  RequestChatResponse,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import type { Secret } from '#lib/secret.ts'
import type { SessionKeys } from '#lib/session/session-keys.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import {
  bytesField,
  hiddenField,
  plain,
  type Seal,
  sealedField,
  secretField,
  type TraceEvent,
  type TraceField,
} from './trace.ts'
import { LOGIN, LOGIN_ANSWER, piecesOf, REQUEST_CHAT, REQUEST_CHAT_ANSWER } from './wire-pieces.ts'

const TLS = 'TLS 1.3'

function tls(from: string, to: string): Seal {
  return { kind: 'tls', by: from, for: to }
}

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

/** 3: who is to be called. */
export function requestChatEvent(request: RequestChatRequest, sender: string, bearer: Secret): TraceEvent {
  const encoded = RequestChatRequest.encode(request).finish()
  return {
    step: 3,
    message: 'RequestChatRequest',
    from: sender,
    to: 'directory',
    method: 'sotto.directory.v1.DirectoryService.RequestChat',
    protection: TLS,
    bytes: encoded.length,
    seal: tls(sender, 'directory'),
    wire: piecesOf(encoded, REQUEST_CHAT),
    fields: [
      secretField('authorization', bearer, 'the directory bearer, as metadata'),
      plain('username', request.username),
      bytesField('nonce', request.nonce, 'fresh: the grant must carry it back'),
      ...(request.hideAddress ? [plain('hide_address', true, 'the ticket is not to tell where this comes from')] : []),
    ],
    readableBy: `${sender} and the directory, which asks auth to seal a secret for the two.`,
  }
}

/** 4: where the receiver listens, and one secret sealed twice. */
export function requestChatResponseEvent(response: RequestChatResponse, sender: string, grant: Grant): TraceEvent {
  const receiver = grant.receiverName
  const encoded = RequestChatResponse.encode(response).finish()
  const sealedFor = (kind: 'ticket' | 'grant', name: string): Seal => ({ kind, by: 'auth', for: name })
  const opened: TraceField[] = [
    bytesField('nonce', grant.nonce, 'as asked with'),
    bytesField('ticket_hash', grant.ticketHash, 'SHA-256 of the ticket above'),
    plain('receiver_name', receiver),
    bytesField('receiver_session_id', grant.receiverSessionId),
    bytesField('receiver_identity_key', grant.receiverIdentityKey, 'X25519'),
    bytesField('receiver_instance_id', grant.receiverInstanceId, `names this start of ${receiver}’s client`),
    plain('expires_at', new Date(grant.expiresAtMs)),
    secretField('secret', grant.secret, `s, for ${sender} and ${receiver}`),
  ]
  return {
    step: 4,
    message: 'RequestChatResponse',
    from: 'directory',
    to: sender,
    method: 'sotto.directory.v1.DirectoryService.RequestChat',
    protection: TLS,
    bytes: encoded.length,
    seal: tls('directory', sender),
    wire: piecesOf(encoded, REQUEST_CHAT_ANSWER),
    fields: [
      ...response.endpoints.map(({ address, port }, n) =>
        plain(`endpoints[${n}]`, formatAddress({ host: address, port })),
      ),
      ...relayFields(response.relay, receiver),
      sealedField(
        'ticket',
        `sealed by auth for ${receiver}; ${sender} only carries it`,
        sealedFor('ticket', receiver),
        response.ticket,
      ),
      sealedField(
        'grant',
        `sealed by auth for ${sender}, who opens it:`,
        sealedFor('grant', sender),
        response.grant,
        opened,
      ),
    ],
    readableBy: `${sender} and the directory; but the ticket opens for ${receiver} alone, the grant for ${sender} alone.`,
  }
}

function relayFields(relay: AttendedRelay | undefined, receiver: string): TraceField[] {
  if (relay === undefined) return []
  return [
    plain('relay.address', relay.address, `where ${receiver} attends`),
    secretField('relay.attendance_id', relay.attendanceId, 'whoever has it can call there'),
  ]
}
