/**
 * The standard health service (grpc.health.v1: Check, List, Watch) for a server as a whole and for each of its services.
 *
 * Its meaning is defined in https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
 *
 * @module
 */
import { EventEmitter, once } from 'node:events'
import {
  type HealthCheckResponse,
  HealthService,
  HealthCheckResponseServingStatus as HealthStatus,
} from '#gen/grpc/health/v1/health.ts'
import { SottoError } from '../../errors.ts'
import { type ServedService, serve } from '../served-service.ts'

/** The name that stands for the server as a whole. */
const WHOLE_SERVER = ''

export interface Health {
  readonly served: ServedService
  /** The answer. */
  readonly isServing: boolean
  /** Set the answer for every check and watch from now on. */
  setServing(serving: boolean): void
}

/** Health of the services with these names; all are serving at first. */
export function createHealth(names: readonly string[]): Health {
  const known: ReadonlySet<string> = new Set([WHOLE_SERVER, ...names])
  const changes = new EventEmitter<{ change: [] }>()
  // One listener for each open watch: their number has its limit in the server's streams.
  changes.setMaxListeners(0)
  let status: HealthStatus = HealthStatus.SERVING

  const served = serve(HealthService, {
    async check({ service }) {
      if (known.has(service)) return { status }
      throw new SottoError('ERR_NO_SUCH_SERVICE', 'the server has no such service')
    },

    async list() {
      return { statuses: new Map([...known].map((name) => [name, { status }])) }
    },

    /** A watcher that is slow to read gets what is true when it does, and not every state since. */
    async *watch({ service }, { signal }): AsyncGenerator<HealthCheckResponse> {
      let sent: HealthStatus | undefined
      for (;;) {
        const current = known.has(service) ? status : HealthStatus.SERVICE_UNKNOWN
        if (current === sent) {
          await once(changes, 'change', { signal }).catch(() => signal.throwIfAborted())
          continue
        }
        sent = current
        yield { status: current }
      }
    },
  })

  return {
    served,
    get isServing() {
      return status === HealthStatus.SERVING
    },
    setServing(serving) {
      status = serving ? HealthStatus.SERVING : HealthStatus.NOT_SERVING
      changes.emit('change')
    },
  }
}
