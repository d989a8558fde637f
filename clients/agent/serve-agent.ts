/**
 * Serves sotto.agent.v1.AgentService on a socket in the profile's folder, for the process that owns the profile's
 * conversations.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { AgentServiceService } from '#gen/sotto/agent/v1/agent_service.ts'
import { AGENT_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import { createLogger } from '#lib/runtime/log.ts'
import { repeatedly } from '#lib/runtime/repeatedly.ts'
import { watchProfile } from '../profile/watch.ts'
import { Agent, type AgentOptions } from './agent.ts'
import { fileCalls } from './file-calls.ts'
import { readingCalls } from './reading-calls.ts'
import { agentSocketIn } from './socket-path.ts'
import { trustCalls } from './trust-calls.ts'
import { MAX_QUIET_MS } from './uploads.ts'
import { writingCalls } from './writing-calls.ts'

/** How long callers have to hear that the client stops, in milliseconds. */
const STOP_GRACE_MS = 200

/** How often it is looked for uploads that nobody goes on with, in milliseconds. */
const TIDY_INTERVAL_MS = 10 * 60_000

/** A server under way. */
export interface AgentServer {
  stop(): Promise<void>
}

/**
 * Serve the programs of this user. The caller must own the profile's conversations.
 *
 * @throws SottoError `ERR_CONFIG` if the socket cannot be made, as in a folder whose path is too long.
 */
export async function serveAgent(options: AgentOptions): Promise<AgentServer> {
  const { profile, store, watchers, clock } = options
  const path = agentSocketIn(profile.storage.folder)
  // What one that was killed has left: nobody listens there, since the conversations are owned here.
  rmSync(path, { force: true })
  const agent = new Agent(options)
  await agent.uploads.tidy()
  // What cannot be removed now is at the next start.
  watchers.onOver = (transfer) => void agent.uploads.remove(transfer).catch(() => undefined)
  const server = await startServer({
    services: [
      serve(AgentServiceService, {
        ...readingCalls(agent),
        ...writingCalls(agent),
        ...fileCalls(agent),
        ...trustCalls(agent),
      }),
    ],
    host: path,
    port: 0,
    security: undefined,
    limits: AGENT_LIMITS,
    // A caller gets every reason, and what calls are about concerns nobody else.
    log: createLogger({ name: 'agent', level: 'silent' }),
    reflection: true,
    health: true,
  })
  const stopTidying = repeatedly(
    () => agent.uploads.tidy(clock.local.now().getTime() - MAX_QUIET_MS).catch(() => undefined),
    TIDY_INTERVAL_MS,
  )
  const unwatchProfile = watchProfile(profile, (before, after) => watchers.followPolicy(before, after))
  const storeWatch = store.watch(() => watchers.followStore(store.names()))
  return {
    async stop() {
      // The last first, and each whatever becomes of the others.
      await using ending = new AsyncDisposableStack()
      ending.defer(stopTidying)
      ending.defer(() => server.stop(STOP_GRACE_MS))
      ending.defer(() => storeWatch.stop())
      ending.defer(unwatchProfile)
    },
  }
}
