/**
 * gRPC-Web, as the page speaks it to its own client (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md): a
 * request is one frame, and a response frames of messages and a last one with the status.
 *
 * @module
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { AgentServiceDefinition } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { bearer, forgetBearer } from './session.ts'

type Methods = typeof AgentServiceDefinition.methods
type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never
type RequestOf<Name extends keyof Methods> = MessageOf<Methods[Name]['requestType']>
type ResponseOf<Name extends keyof Methods> = MessageOf<Methods[Name]['responseType']>

const PREFIX_BYTES = 5
const TRAILERS = 0x80
const UNAVAILABLE = 14

/** The end of a call that was refused, or of which there is no answer. */
export class CallError extends Error {
  /** The reason, such as `ERR_BLOCKED`; empty where the client did not answer. */
  readonly reason: string
  /** The next step, in a clause. */
  readonly hint: string
  /** Whether nobody answered, so that the same may succeed later. */
  readonly isUnanswered: boolean

  constructor(message: string, { reason = '', hint = '', status = UNAVAILABLE } = {}) {
    super(message)
    this.reason = reason
    this.hint = hint
    this.isUnanswered = reason === '' && status === UNAVAILABLE
  }
}

/** Make a call. @param request - The fields that are not at their defaults. @throws CallError */
export async function call<Name extends keyof Methods>(
  name: Name,
  request: Partial<RequestOf<Name>> = {},
  signal?: AbortSignal,
): Promise<ResponseOf<Name>> {
  for await (const response of frames(name, request, signal)) return decode(name, response)
  throw new CallError('the client gave no answer')
}

/** The responses of a stream, as they are on the wire. @throws CallError */
export async function* frames<Name extends keyof Methods>(
  name: Name,
  request: Partial<RequestOf<Name>>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const method = AgentServiceDefinition.methods[name]
  const { encode, decode: decodeRequest } = method.requestType as unknown as Codec
  const body = encode({ ...decodeRequest(new Uint8Array()), ...request }).finish()
  const response = await fetch(`/${AgentServiceDefinition.fullName}/${method.name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/grpc-web+proto', authorization: `Bearer ${bearer()}` },
    body: framed(body),
    credentials: 'omit',
    cache: 'no-store',
    signal: signal ?? null,
  }).catch((cause: unknown) => {
    throw signal?.aborted === true ? cause : new CallError('the client is not there')
  })
  if (response.status === 401) forgetBearer()
  if (response.status !== 200 || response.body === null) {
    throw new CallError(response.status === 401 ? 'this page needs a new link' : 'the client refuses this page')
  }
  for await (const { flags, bytes } of framesIn(response.body)) {
    if ((flags & TRAILERS) !== 0) {
      throwUnlessOk(bytes)
      return
    }
    yield bytes
  }
  throw new CallError('the connection to the client broke')
}

interface Codec {
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array): object
}

export function decode<Name extends keyof Methods>(name: Name, bytes: Uint8Array): ResponseOf<Name> {
  const { decode: decodeResponse } = AgentServiceDefinition.methods[name].responseType as unknown as Codec
  return decodeResponse(bytes) as ResponseOf<Name>
}

function framed(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(PREFIX_BYTES + body.length)
  new DataView(frame.buffer).setUint32(1, body.length)
  frame.set(body, PREFIX_BYTES)
  return frame
}

interface Frame {
  readonly flags: number
  readonly bytes: Uint8Array
}

async function* framesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame, void, void> {
  const reader = body.getReader()
  let held = new Uint8Array()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      held = joined(held, value)
      for (;;) {
        if (held.length < PREFIX_BYTES) break
        const end = PREFIX_BYTES + new DataView(held.buffer, held.byteOffset).getUint32(1)
        if (held.length < end) break
        yield { flags: held[0] ?? 0, bytes: held.subarray(PREFIX_BYTES, end) }
        held = held.subarray(end)
      }
    }
  } catch (cause) {
    throw new CallError('the connection to the client broke', { cause } as object)
  } finally {
    reader.cancel().catch(() => {})
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

function throwUnlessOk(trailers: Uint8Array): void {
  const lines = new TextDecoder('latin1').decode(trailers).split('\r\n')
  const fields = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const status = Number(fields.get('grpc-status') ?? UNAVAILABLE)
  if (status === 0) return
  const details = fields.get('grpc-status-details-bin')
  const { reason, hint } = details === undefined ? { reason: '', hint: '' } : errorInfoIn(details)
  throw new CallError(decodeURIComponent(fields.get('grpc-message') ?? 'the client is not there'), {
    reason,
    hint,
    status,
  })
}

/** The reason and the hint in a google.rpc.Status, whose first detail is an ErrorInfo. */
function errorInfoIn(base64: string): { reason: string; hint: string } {
  const status = fieldsOf(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
  const info = fieldsOf(fieldsOf(status.get(3)).get(2))
  const text = new TextDecoder()
  const entry = fieldsOf(info.get(3))
  const isHint = text.decode(entry.get(1)) === 'hint'
  return { reason: text.decode(info.get(1)), hint: isHint ? text.decode(entry.get(2)) : '' }
}

/** The first of each of a message's fields that has a length. */
function fieldsOf(bytes = new Uint8Array()): Map<number, Uint8Array<ArrayBuffer>> {
  const reader = new BinaryReader(bytes)
  const fields = new Map<number, Uint8Array<ArrayBuffer>>()
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (type !== 2) reader.skip(type)
    else {
      const value = Uint8Array.from(reader.bytes())
      if (!fields.has(number)) fields.set(number, value)
    }
  }
  return fields
}
