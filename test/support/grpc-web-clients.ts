/**
 * Clients of AgentService over gRPC-Web that are not ours: nice-grpc-web over the generated code of the page, and Connect's
 * transport over nothing but the contracts' descriptors.
 *
 * Their types know a browser's own, which those of this project's programs do not go with; so what is used of them stands
 * here.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { AgentServiceDefinition } from '#gen/web/sotto/agent/v1/agent_service.ts'

/** What is called; the kind of what has happened is the same in both forms of code. */
export interface ForeignClient {
  username(): Promise<string>
  /** @returns the code and the types of the details, by which it was refused. */
  refusalOf(contact: string): Promise<{ readonly code: number; readonly details: readonly string[] }>
  /** The kind of each event, until the signal. */
  watch(signal: AbortSignal): AsyncIterable<string | undefined>
}

export interface Place {
  readonly origin: string
  /** What a browser would add by itself, and the bearer. */
  readonly headers: Readonly<Record<string, string>>
}

interface Event<Kind extends string> {
  readonly event?: { readonly [Name in Kind]: string } | undefined
}

interface Calls<Options, Kind extends string> {
  getProfile(request: object, options?: Options): Promise<{ username: string }>
  send(request: object, options?: Options): Promise<object>
  watch(request: object, options: Options & { signal: AbortSignal }): AsyncIterable<Event<Kind>>
}

interface NiceGrpcWeb {
  createChannel(address: string): unknown
  createClient(definition: object, channel: unknown): Calls<{ metadata: unknown }, '$case'>
  Metadata(headers: object): unknown
}

interface Connect {
  createClient(service: object, transport: unknown): Calls<object, 'case'>
}

interface Request {
  readonly header: { set(name: string, value: string): void }
}

type Next = (request: Request) => Promise<unknown>

interface ConnectWeb {
  createGrpcWebTransport(options: { baseUrl: string; interceptors: ((next: Next) => Next)[] }): unknown
}

const load = createRequire(import.meta.url)

export function niceGrpcWeb({ origin, headers }: Place): ForeignClient {
  const { createChannel, createClient, Metadata } = load('nice-grpc-web') as NiceGrpcWeb
  const client = createClient(AgentServiceDefinition, createChannel(origin))
  const options = () => ({ metadata: Metadata(headers) })
  return {
    username: async () => (await client.getProfile({}, options())).username,
    refusalOf: (contact) => refusalBy(client.send({ contact, text: 'x' }, options())),
    async *watch(signal) {
      for await (const { event } of client.watch({ trace: false }, { ...options(), signal })) yield event?.$case
    },
  }
}

export function connectWeb({ origin, headers }: Place): ForeignClient {
  const descriptors = readFileSync(new URL('../../gen/descriptors.binpb', import.meta.url))
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors)).getService(
    AgentServiceDefinition.fullName,
  )
  if (service === undefined) throw new TypeError('there is no such contract')
  const withHeaders = (next: Next) => (request: Request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value)
    return next(request)
  }
  const { createGrpcWebTransport } = load('@connectrpc/connect-web') as ConnectWeb
  const { createClient } = load('@connectrpc/connect') as Connect
  const client = createClient(service, createGrpcWebTransport({ baseUrl: origin, interceptors: [withHeaders] }))
  return {
    username: async () => (await client.getProfile({})).username,
    refusalOf: (contact) => refusalBy(client.send({ contact, text: 'x' })),
    async *watch(signal) {
      for await (const { event } of client.watch({}, { signal })) yield event?.case
    },
  }
}

async function refusalBy(call: Promise<object>) {
  try {
    await call
  } catch (error) {
    const { code, details = [] } = error as { code: number; details?: string | { type: string }[] }
    return { code, details: typeof details === 'string' ? [] : details.map(({ type }) => type) }
  }
  throw new Error('it was not refused')
}
