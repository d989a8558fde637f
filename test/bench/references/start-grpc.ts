/**
 * Starts both ends of the naive reference.
 *
 * @module
 */
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import type { GrpcRequests } from './grpc.ts'

/** The name of the rows of a plaintext stream with a text a message. */
export const NAIVE = 'naive'

export interface GrpcEnds {
  readonly sender: Actor<GrpcRequests>
  readonly receiver: Actor<GrpcRequests>
}

/** A client and a server in plaintext. @param through - The port to call for that of the server. */
export async function startGrpc(
  { resources }: Pick<Context, 'resources'>,
  through: (port: number) => number | Promise<number> = (port) => port,
): Promise<GrpcEnds> {
  const receiver = resources.use(await Actor.start<GrpcRequests>('references/grpc.ts'))
  const sender = resources.use(await Actor.start<GrpcRequests>('references/grpc.ts'))
  await sender.ask('connect', await through(await receiver.ask('listen')))
  return { sender, receiver }
}
