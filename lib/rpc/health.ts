/**
 * The standard health service (grpc.health.v1: Check, List, Watch) for a server as a whole and for each of its services.
 *
 * @module
 */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { type ServedService, serveNative } from './served-service.ts'

/** The name that stands for the server as a whole. */
const WHOLE_SERVER = ''

export interface Health {
  readonly served: ServedService
  /** What every check and watch is told from now on. */
  setServing(serving: boolean): void
}

/** Health of the services with these names; all are serving at first. */
export function createHealth(names: readonly string[]): Health {
  const health = new HealthImplementation()
  const setServing = (serving: boolean) => {
    for (const name of [WHOLE_SERVER, ...names]) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING')
  }
  setServing(true)
  let served: ServedService | undefined
  health.addToServer({
    // The package brings types of its own for what is the same thing.
    addService(definition: unknown, implementation: unknown) {
      served = serveNative(definition as ServiceDefinition, implementation as UntypedServiceImplementation)
    },
  })
  if (served === undefined) throw new TypeError('the health service did not say what it is')
  return { served, setServing }
}
