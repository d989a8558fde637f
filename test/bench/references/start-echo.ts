/**
 * Starts a unary echo over TLS: what a call costs at least in the same library.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import type { Deployment } from '../../support/deployment.ts'
import { Actor } from '../framework/actor.ts'
import type { Context } from '../framework/bench.ts'
import type { GrpcRequests } from './grpc.ts'

/** The name of the rows of a unary echo over TLS. */
export const ECHO = 'TLS unary echo'

/** How many bytes are echoed. */
export const ECHO_BYTES = 100

/** A caller of an echo server, which shows a certificate of these services. */
export async function startEcho(
  { resources }: Pick<Context, 'resources'>,
  services: Deployment,
): Promise<Actor<GrpcRequests>> {
  const { certificate } = await loadLeaf(join(services.home.path, 'auth', 'tls'))
  const server = resources.use(await Actor.start<GrpcRequests>('references/grpc.ts'))
  const caller = resources.use(await Actor.start<GrpcRequests>('references/grpc.ts'))
  const port = await server.ask('listen', { certificate: certificate.certificatesPem, key: certificate.keyPem })
  await caller.ask('connect', port, await readFile(services.caFile, 'utf8'))
  return caller
}
