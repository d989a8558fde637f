/**
 * The socket for other programs, beside a command that has a face of its own.
 *
 * @module
 */
import { asSottoError, type SottoError } from '#lib/errors.ts'
import type { AgentOptions } from './agent.ts'

/**
 * Serve other programs until the resources are let go of, which have to hold the lock of the conversations already. The
 * command does not wait for it, and goes on without where there can be no socket.
 *
 * @param onFailure - Takes the reason why there is none.
 */
export function agentBeside(
  resources: AsyncDisposableStack,
  options: AgentOptions,
  onFailure: (error: SottoError) => void,
): void {
  // Loaded here, for the command need not wait for it.
  const starting = import('./serve-agent.ts').then(({ serveAgent }) => serveAgent(options))
  starting.catch((error: unknown) => options.signal.aborted || onFailure(asSottoError(error)))
  resources.defer(async () => {
    const server = await starting.catch(() => undefined)
    await server?.stop()
  })
}
