/**
 * People who are announced and do nothing else, as an actor: each with a connection of their own, as a `sotto receive` at
 * rest has one.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { INSTANCE_ID_BYTES } from '#lib/protocol.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import type { Requests } from '../framework/actor.ts'
import { serveActor, sharedNowMs } from '../framework/serve-actor.ts'
import type { Member } from './audience-sessions.ts'

/** What all members have in common. */
export interface Shared {
  readonly directoryAddress: string
  readonly authorityPem: string
}

export interface AudienceRequests extends Requests {
  /** Have these come online, and stay. */
  come: (members: readonly Member[], shared: Shared) => void
  /** Resolves with the time when all are announced. */
  online: () => Promise<number>
  /** Resolves when somebody has lost their announcement. */
  offline: () => Promise<void>
}

/** How many come at once: how soon a crowd is in is asked of those who come back, and here would only take longer. */
const MOST_ARRIVING = 24

const over = new AbortController()
const standing = new Set<string>()
const announcing: Promise<unknown>[] = []
/** How many have been asked to come. */
let asked = 0
let all = Promise.withResolvers<number>()
let broken = Promise.withResolvers<void>()

async function announce(
  { username, token }: Member,
  { directoryAddress, authorityPem }: Shared,
  onArrived: () => void,
): Promise<void> {
  const session = {
    sessionId: Buffer.alloc(0),
    keys: deriveSessionKeys(Secret.of(Buffer.from(token, 'base64'))),
    expiresAtMs: Number.POSITIVE_INFINITY,
  }
  const directory = new DirectoryClient({
    account: {
      authAddress: '',
      directoryAddress,
      relayAddresses: [],
      username,
      authorityPem,
      clockOffsetMs: 0,
      profileName: username,
      session,
    },
    session,
    clock: new ServerClock(systemClock, 0),
    trace: undefined,
  })
  try {
    await directory.announce({
      endpoints: () => [{ address: '127.0.0.1', port: 9009 }],
      instanceId: randomBytes(INSTANCE_ID_BYTES),
      signal: over.signal,
      startsOffline: true,
      onOnline() {
        standing.add(username)
        onArrived()
        if (standing.size < asked) return
        all.resolve(sharedNowMs())
        broken = Promise.withResolvers()
      },
      onOffline() {
        if (standing.size === asked) all = Promise.withResolvers()
        standing.delete(username)
        broken.resolve()
      },
    })
  } finally {
    directory.close()
  }
}

/** The function, for the first call alone: who loses their announcement comes online again. */
function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) work()
    isDone = true
  }
}

const requests: AudienceRequests = {
  come(members, shared) {
    all = Promise.withResolvers()
    asked += members.length
    const left = [...members]
    const next = () => {
      const member = left.pop()
      if (member === undefined) return
      const arrived = announce(member, shared, once(next))
      announcing.push(arrived.catch((error: unknown) => over.signal.aborted || all.reject(error)))
    }
    for (let count = 0; count < MOST_ARRIVING; count += 1) next()
  },
  online: () => all.promise,
  offline: () => broken.promise,
}

serveActor(requests, async () => {
  over.abort()
  await Promise.all(announcing)
})
