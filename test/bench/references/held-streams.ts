/**
 * Streams of grpc-js over TLS that are held open and carry nothing, as an actor, either end: each over a connection of
 * its own.
 *
 *     held-streams.ts
 *
 * @module
 */
import {
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js'
import type { Requests } from '../framework/actor.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface HeldStreamsRequests extends Requests {
  /** Serve on a free port. */
  listen: (tls: { readonly certificate: string; readonly key: string }) => Promise<number>
  /** Open so many streams, and hold them. */
  hold: (port: number, authority: string, count: number) => Promise<void>
  /** Bytes of memory that the process has. */
  memory: () => number
}

const bytes = (value: Buffer): Buffer => value
const service = {
  wait: {
    path: '/bench.Held/Wait',
    requestStream: false as const,
    responseStream: true as const,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
}
const Client = makeGenericClientConstructor(service, 'bench.Held')
const server = new Server()
server.addService(service, { wait: (call: { write(value: Buffer): void }) => call.write(Buffer.from('held')) })
const clients: InstanceType<typeof Client>[] = []

async function open(port: number, authority: string): Promise<void> {
  const options = { 'grpc.ssl_target_name_override': 'auth.sotto', 'grpc.use_local_subchannel_pool': 1 }
  const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(Buffer.from(authority)), options)
  clients.push(client)
  const { promise, resolve } = Promise.withResolvers<void>()
  const call = client['wait']?.(Buffer.from('wait')) as ClientReadableStream<Buffer>
  call.on('data', () => resolve())
  call.on('error', () => {})
  await promise
}

const requests: HeldStreamsRequests = {
  listen: ({ certificate, key }) =>
    new Promise((resolve, reject) => {
      const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) }
      const security = ServerCredentials.createSsl(null, [pair])
      server.bindAsync('127.0.0.1:0', security, (error, port) => (error ? reject(error) : resolve(port)))
    }),
  async hold(port, authority, count) {
    for (let opened = 0; opened < count; opened += 1) await open(port, authority)
  },
  memory: () => process.memoryUsage.rss(),
}

serveActor(requests, () => {
  for (const client of clients) client.close()
  server.forceShutdown()
})
