/**
 * The naive reference as an actor, either end of it: grpc-js as it comes, in plaintext or over TLS, with one message a
 * text. Nothing is encrypted beyond that, kept, or acknowledged.
 *
 * @module
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import {
  type ClientWritableStream,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { Text } from '#gen/sotto/peer/v1/record.ts'
import { Arrivals, type ReceiveRequests, stampedText, TEXT } from '../framework/arrivals.ts'
import type { SendRequests } from '../framework/conversation.ts'
import { inFlight } from '../framework/in-flight.ts'
import { atPace } from '../framework/pace.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface GrpcRequests extends ReceiveRequests, SendRequests {
  [request: string]: (...args: never[]) => unknown
  /** Serve on a free port: over TLS with a certificate and its key. */
  listen: (tls?: { readonly certificate: string; readonly key: string }) => Promise<number>
  /** Call a server: over TLS under an authority. */
  connect: (port: number, authority?: string) => void
  /** Unary calls, so many at once: the milliseconds that each took. */
  echo: (count: number, width: number, bytes: number) => Promise<number[]>
  /** Stream a file that the other end writes: the milliseconds until it is on the other end's disk. */
  upload: (path: string) => Promise<number>
  /** Take what is uploaded into this file. */
  downloadTo: (path: string) => void
}

const CHUNK_BYTES = 64 * 1024

const identity = (bytes: Buffer): Buffer => bytes
const raw = {
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
}
const text = {
  ...raw,
  requestSerialize: (value: Text) => Buffer.from(Text.encode(value).finish()),
  requestDeserialize: (bytes: Buffer) => Text.decode(bytes),
}
const service: ServiceDefinition = {
  say: { path: '/bench.Naive/Say', requestStream: true, responseStream: false, ...text },
  upload: { path: '/bench.Naive/Upload', requestStream: true, responseStream: false, ...raw },
  echo: { path: '/bench.Naive/Echo', requestStream: false, responseStream: false, ...raw },
}
const Client = makeGenericClientConstructor(service, 'bench.Naive')

const arrivals = new Arrivals()
const server = new Server()
let client: InstanceType<typeof Client>
let stream: ClientWritableStream<Text> | undefined
let download = ''

server.addService(service, {
  say(call: ServerReadableStream<Text, Buffer>, answer: sendUnaryData<Buffer>) {
    call.on('data', ({ body }: Text) => arrivals.take(body))
    call.on('end', () => answer(null, Buffer.alloc(0)))
  },
  upload(call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
    const file = createWriteStream(download, { flush: true })
    call.pipe(file).on('close', () => answer(null, Buffer.alloc(0)))
  },
  echo({ request }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
    answer(null, request)
  },
})

function openStream(): ClientWritableStream<Text> {
  stream ??= client['say']?.(() => {}) as ClientWritableStream<Text>
  return stream
}

const requests: GrpcRequests = {
  ...arrivals.requests,
  listen: (tls) =>
    new Promise((resolve, reject) => {
      const secure = tls && {
        private_key: Buffer.from(tls.key),
        cert_chain: Buffer.from(tls.certificate),
      }
      const security = secure ? ServerCredentials.createSsl(null, [secure]) : ServerCredentials.createInsecure()
      server.bindAsync('127.0.0.1:0', security, (error, port) => (error ? reject(error) : resolve(port)))
    }),
  connect(port, authority) {
    const security =
      authority === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(authority))
    client = new Client(`127.0.0.1:${port}`, security, { 'grpc.ssl_target_name_override': 'auth.sotto' })
  },
  async sendAll(count) {
    const call = openStream()
    for (let said = 0; said < count; said += 1) {
      if (!call.write({ body: Buffer.from(TEXT) })) await once(call, 'drain')
    }
  },
  sendPaced: (count, perSecond) =>
    atPace(count, perSecond, () => void openStream().write({ body: Buffer.from(stampedText()) })),
  echo(count, width, bytes) {
    const body = Buffer.alloc(bytes, 'x')
    const call = () =>
      new Promise<void>((resolve, reject) => {
        client['echo']?.(body, (error: Error | null) => (error ? reject(error) : resolve()))
      })
    return inFlight(count, width, call)
  },
  async upload(path) {
    const beganMs = performance.now()
    await using file = await open(path)
    const done = Promise.withResolvers<void>()
    const call = client['upload']?.((error: Error | null) =>
      error ? done.reject(error) : done.resolve(),
    ) as ClientWritableStream<Buffer>
    for await (const chunk of file.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false })) {
      if (!call.write(chunk)) await once(call, 'drain')
    }
    call.end()
    await done.promise
    return performance.now() - beganMs
  },
  downloadTo(path) {
    download = path
  },
}

serveActor(requests, () => {
  stream?.cancel()
  client?.close()
  server.forceShutdown()
})
