/**
 * Asking a server for its health (grpc.health.v1), as `sotto health` and `sotto doctor` do.
 *
 * @module
 */
import { HealthService, HealthCheckResponseServingStatus as HealthStatus } from '#gen/grpc/health/v1/health.ts'
import { connect, type Target } from '../client.ts'
import type { CallOptions } from '../service.ts'

/**
 * Ask once whether a server as a whole is serving.
 *
 * @throws SottoError `ERR_UNAVAILABLE` if nobody answers, `ERR_SERVER_UNTRUSTED` if another does.
 */
export async function isServing(target: Target, options: CallOptions = {}): Promise<boolean> {
  const connection = connect({ check: HealthService.check }, target)
  try {
    const { status } = await connection.call.check({ service: '' }, options)
    return status === HealthStatus.SERVING
  } finally {
    connection.close()
  }
}
