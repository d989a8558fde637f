/**
 * Messages 3 and 4 as the trace tells them: whom the directory is asked for, and what it answers, for a conversation or for
 * a letter.
 *
 * @module
 */
import {
  type AttendedRelay,
  type GrantedLetter,
  RequestChatRequest,
  RequestChatResponse,
  RequestLettersRequest,
  RequestLettersResponse,
  type WantedLetter,
} from '#gen/sotto/directory/v1/directory_service.ts'
import { formatAddress } from '#lib/runtime/address.ts'
import type { Secret } from '#lib/secret.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import type { LetterGrant } from '#lib/ticket/letter-grant.ts'
import { grantField, onlyCarriedBy, ticketField } from './sealed-fields.ts'
import { bytesField, plain, secretField, TLS, type TraceEvent, type TraceField, tls, togetherFields } from './trace.ts'
import { piecesOf, REQUEST_CHAT, REQUEST_CHAT_ANSWER, REQUEST_LETTERS, REQUEST_LETTERS_ANSWER } from './wire-pieces.ts'

const SERVICE = 'sotto.directory.v1.DirectoryService'

/** 3: who is to be called. */
export function requestChatEvent(request: RequestChatRequest, sender: string, bearer: Secret): TraceEvent {
  const { hideAddress } = request
  const encoded = RequestChatRequest.encode(request).finish()
  return requestEvent('RequestChat', piecesOf(encoded, REQUEST_CHAT), encoded, sender, [
    ...requestFields(request, bearer),
    ...(hideAddress ? [plain('hide_address', true, 'the ticket is not to tell where this comes from')] : []),
  ])
}

/**
 * 3: for whom there is to be a letter; the message as one that asks for this letter alone.
 *
 * @param together - How many letters the call asks for.
 */
export function requestLetterEvent(letter: WantedLetter, together: number, sender: string, bearer: Secret): TraceEvent {
  const encoded = RequestLettersRequest.encode({ letters: [letter] }).finish()
  return requestEvent('RequestLetters', piecesOf(encoded, REQUEST_LETTERS), encoded, sender, [
    ...requestFields(letter, bearer),
    ...togetherFields(together),
  ])
}

type Rpc = 'RequestChat' | 'RequestLetters'

function requestEvent(
  rpc: Rpc,
  wire: TraceEvent['wire'] & {},
  encoded: Uint8Array,
  sender: string,
  fields: readonly TraceField[],
): TraceEvent {
  return {
    step: 3,
    message: `${rpc}Request`,
    from: sender,
    to: 'directory',
    method: `${SERVICE}.${rpc}`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls(sender, 'directory'),
    wire,
    fields,
    readableBy: `${sender} and the directory, which asks auth to seal a secret for the two.`,
  }
}

function requestFields({ username, nonce }: WantedLetter, bearer: Secret): TraceField[] {
  return [
    secretField('authorization', bearer, 'the directory bearer, as metadata'),
    plain('username', username),
    bytesField('nonce', nonce, 'fresh: the grant must carry it back'),
  ]
}

/** 4: where the receiver listens, and one secret sealed twice. */
export function requestChatResponseEvent(response: RequestChatResponse, sender: string, grant: Grant): TraceEvent {
  const { endpoints, relay } = response
  return responseEvent('RequestChat', RequestChatResponse.encode(response).finish(), sender, {
    response,
    grant,
    layout: REQUEST_CHAT_ANSWER,
    where: [
      ...endpoints.map(({ address, port }, n) => plain(`endpoints[${n}]`, formatAddress({ host: address, port }))),
      ...relayFields(relay, grant.receiverName),
    ],
  })
}

/** 4: one secret sealed twice, whether the receiver is online or not; the message as one with this answer alone. */
export function requestLetterResponseEvent(response: GrantedLetter, sender: string, grant: LetterGrant): TraceEvent {
  const result = { $case: 'granted', value: response } as const
  const encoded = RequestLettersResponse.encode({ results: [{ result }] }).finish()
  return responseEvent('RequestLetters', encoded, sender, {
    response,
    grant,
    layout: REQUEST_LETTERS_ANSWER,
    where: [],
  })
}

interface Answered {
  readonly response: GrantedLetter
  readonly grant: Grant | LetterGrant
  readonly layout: Parameters<typeof piecesOf>[1]
  /** Where the receiver is, in front of what is sealed. */
  readonly where: readonly TraceField[]
}

function responseEvent(
  rpc: Rpc,
  encoded: Uint8Array,
  sender: string,
  { response, grant, layout, where }: Answered,
): TraceEvent {
  const receiver = grant.receiverName
  return {
    step: 4,
    message: `${rpc}Response`,
    from: 'directory',
    to: sender,
    method: `${SERVICE}.${rpc}`,
    protection: TLS,
    bytes: encoded.length,
    seal: tls('directory', sender),
    wire: piecesOf(encoded, layout),
    fields: [
      ...where,
      ticketField(response.ticket, receiver, onlyCarriedBy(sender)),
      grantField(response.grant, sender, grant),
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
