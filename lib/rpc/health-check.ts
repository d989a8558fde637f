/**
 * Asking a server for its health (grpc.health.v1), as the supervisor and a container's health check do.
 *
 * @module
 */
import { service } from 'grpc-health-check'
import { connect, type Target } from './client.ts'
import type { CallOptions, Method } from './service.ts'

type Check = Method<{ service: string }, { status: string }> & { requestStream: false; responseStream: false }

/**
 * Ask once whether a server as a whole is serving.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if nobody answers, `ERR_SERVER_UNTRUSTED` if another does.
 */
export async function isServing(target: Target, options: CallOptions = {}): Promise<boolean> {
  const connection = connect({ check: service['Check'] as unknown as Check }, target)
  try {
    const { status } = await connection.call.check({ service: '' }, options)
    return status === 'SERVING'
  } finally {
    connection.close()
  }
}
