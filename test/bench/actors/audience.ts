/**
 * People who are announced and do nothing else, as an actor: each with a connection of their own, as a `sotto receive` at
 * rest has one.
 *
 *     audience.ts HOME PROFILE…
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { openSession } from '../../../clients/command/open-session.ts'
import type { Requests } from '../framework/actor.ts'
import { serveActor, sharedNowMs } from '../framework/serve-actor.ts'

export interface AudienceRequests extends Requests {
  /** Resolves with the time when all are announced. */
  online: () => Promise<number>
  /** Resolves when somebody has lost their announcement. */
  offline: () => Promise<void>
}

const [home = '', ...names] = process.argv.slice(2)
const over = new AbortController()
const standing = new Set<string>()
let all = Promise.withResolvers<number>()
let broken = Promise.withResolvers<void>()

async function announce(name: string): Promise<void> {
  const { connect } = await openSession({ home, profile: name, clock: systemClock })
  const directory = connect(undefined)
  try {
    await directory.announce({
      endpoints: () => [{ address: '127.0.0.1', port: 9 }],
      instanceId: randomBytes(INSTANCE_ID_BYTES),
      signal: over.signal,
      startsOffline: true,
      onOnline() {
        standing.add(name)
        if (standing.size < names.length) return
        all.resolve(sharedNowMs())
        broken = Promise.withResolvers()
      },
      onOffline() {
        if (standing.size === names.length) all = Promise.withResolvers()
        standing.delete(name)
        broken.resolve()
      },
    })
  } finally {
    directory.close()
  }
}

const announcing = names.map((name) =>
  announce(name).catch((error: unknown) => over.signal.aborted || all.reject(error)),
)

serveActor({ online: () => all.promise, offline: () => broken.promise } satisfies AudienceRequests, async () => {
  over.abort()
  await Promise.all(announcing)
})
