/**
 * A foreign client of AgentService: HTTP/2 over the Unix socket, with nothing of lib/rpc.
 *
 * @module
 */
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { ErrorInfo } from '#gen/google/rpc/error_details.ts'
import { Status } from '#gen/google/rpc/status.ts'
import { AgentServiceService, type Message, type WatchResponse } from '#gen/sotto/agent/v1/agent_service.ts'

type Definition = typeof AgentServiceService
type Methods = { [Name in keyof Definition]: Definition[Name] }
type Decoded<F> = F extends (bytes: Buffer) => infer T ? T : never
export type RequestOf<Name extends keyof Definition> = Decoded<Methods[Name]['requestDeserialize']>
export type ResponseOf<Name extends keyof Definition> = Decoded<Methods[Name]['responseDeserialize']>

const PREFIX_BYTES = 5

/** The end of a call that was refused. */
export class CallError extends Error {
  readonly code: string
  readonly status: number
  readonly hint: string | undefined

  constructor(status: number, message: string, details: Buffer) {
    const info = Status.decode(details).details[0]
    const { reason, metadata } = ErrorInfo.decode(info?.value ?? Buffer.alloc(0))
    super(`${reason}: ${message}`)
    this.code = reason
    this.status = status
    this.hint = metadata.get('hint')
  }
}

export class AgentClient implements Disposable {
  readonly #session: ClientHttp2Session

  /** @param home - SOTTO_HOME. */
  static of({ path }: { readonly path: string }, profile: string): AgentClient {
    return new AgentClient(join(path, 'profiles', profile, 'agent.sock'))
  }

  constructor(socket: string) {
    this.#session = connect('http://agent', { createConnection: () => createConnection(socket) })
    this.#session.on('error', () => {})
  }

  /** Make a unary call. Fields that are left out are unset. */
  async call<Name extends keyof Definition>(
    name: Name,
    request: Partial<RequestOf<Name>> = {},
  ): Promise<ResponseOf<Name>> {
    for await (const response of this.stream(name, request)) return response
    throw new Error('no response')
  }

  async *stream<Name extends keyof Definition>(
    name: Name,
    request: Partial<RequestOf<Name>> = {},
  ): AsyncGenerator<ResponseOf<Name>, void, void> {
    const { path, requestSerialize, requestDeserialize, responseDeserialize } = AgentServiceService[name]
    const empty = requestDeserialize(Buffer.alloc(0))
    const body = requestSerialize({ ...empty, ...request } as never)
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeUInt32BE(body.length, 1)
    stream.end(Buffer.concat([prefix, body]))
    const ended = endOf(stream)
    ended.catch(() => {})
    try {
      for await (const message of messagesIn(stream)) yield responseDeserialize(message) as ResponseOf<Name>
      await ended
    } finally {
      stream.close()
    }
  }

  /** Watch, from when this resolves. */
  async watch(trace = false): Promise<Watching> {
    const responses = this.stream('watch', { trace })
    const first = await responses.next()
    if (first.done === true || first.value.event?.$case !== 'begun') throw new Error('the watch has not begun')
    return new Watching(responses)
  }

  [Symbol.dispose](): void {
    this.#session.destroy()
  }
}

/** An open watch, with all that it has reported. */
export class Watching {
  readonly seen: NonNullable<WatchResponse['event']>[] = []
  readonly #responses: AsyncGenerator<WatchResponse, void, void>

  constructor(responses: AsyncGenerator<WatchResponse, void, void>) {
    this.#responses = responses
  }

  get messages(): Message[] {
    return this.seen.flatMap((event) => (event.$case === 'message' ? [event.value] : []))
  }

  get texts(): string[] {
    return this.messages.flatMap(({ content }) => (content?.$case === 'text' ? [content.value] : []))
  }

  /** Read until what was seen fulfils a condition. */
  async until(isTrue: (seen: Watching) => boolean): Promise<void> {
    while (!isTrue(this)) {
      const next = await this.#responses.next()
      if (next.done === true) throw new Error('the watch has ended')
      if (next.value.event !== undefined) this.seen.push(next.value.event)
    }
  }

  async end(): Promise<void> {
    await this.#responses.return()
  }
}

async function* messagesIn(stream: ClientHttp2Stream): AsyncGenerator<Buffer, void, void> {
  let buffered = Buffer.alloc(0)
  for await (const bytes of stream) {
    buffered = Buffer.concat([buffered, bytes])
    for (;;) {
      if (buffered.length < PREFIX_BYTES) break
      const end = PREFIX_BYTES + buffered.readUInt32BE(1)
      if (buffered.length < end) break
      yield buffered.subarray(PREFIX_BYTES, end)
      buffered = buffered.subarray(end)
    }
  }
}

async function endOf(stream: ClientHttp2Stream): Promise<void> {
  const closed = once(stream, 'close').then(() => Promise.reject(new Error('the stream was closed without a status')))
  const [headers] = await Promise.race([once(stream, 'response'), closed])
  const trailers = 'grpc-status' in headers ? headers : (await Promise.race([once(stream, 'trailers'), closed]))[0]
  const status = Number(trailers['grpc-status'])
  if (status === 0) return
  throw new CallError(
    status,
    decodeURIComponent(String(trailers['grpc-message'])),
    Buffer.from(String(trailers['grpc-status-details-bin'] ?? ''), 'base64'),
  )
}
