/**
 * An Auth that answers other services as a test says.
 *
 * @module
 */
import { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import { AuthClient } from '../../services/authentication/auth-client.ts'
import { testLog } from './test-log.ts'

export type AnsweringAuth = Partial<Handlers<typeof SealingServiceService>>

/** A client of an Auth that answers so. Both end with the resources. */
export async function authClientOf(
  handlers: AnsweringAuth,
  service: 'directory' | 'relay',
  resources: AsyncDisposableStack,
): Promise<AuthClient> {
  const notExpected = () => Promise.reject(new Error('not expected to be called'))
  const watchRevocations = async function* () {
    yield* []
  }
  const calls = {
    findAccount: notExpected,
    listAccounts: notExpected,
    sealChats: notExpected,
    sealLetters: notExpected,
  }
  const all = { ...calls, authenticate: notExpected, watchRevocations }
  const { log } = testLog()
  const server = await startServer({
    services: [serve(SealingServiceService, { ...all, ...handlers })],
    host: '127.0.0.1',
    port: 0,
    security: undefined,
    limits: SERVICE_LIMITS,
    log,
  })
  resources.defer(() => server.stop(0))
  const target = { address: `127.0.0.1:${server.port}`, security: undefined }
  const connection = resources.adopt(connect(SealingServiceService, target), (open) => open.close())
  return new AuthClient({ connection, service, log })
}
