/**
 * A presence watch at the directory that a test holds open.
 *
 * @module
 */
import { Presence, type WatchPresenceResponse } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Secret } from '#lib/secret.ts'
import { OpenStream } from './open-stream.ts'
import type { DirectoryConnection } from './running-directory.ts'

const WORDS: Readonly<Record<Presence, string>> = {
  [Presence.UNSPECIFIED]: 'neither',
  [Presence.OFFLINE]: 'offline',
  [Presence.ONLINE]: 'online',
}

export class OpenWatch extends OpenStream<WatchPresenceResponse> {
  constructor({ call }: DirectoryConnection, bearer: Secret | undefined, usernames: string[]) {
    super((signal) => call.watchPresence({ usernames }, { signal, ...(bearer && { bearer }) }))
  }

  /** Receive the next response that is no heartbeat. Returns `bob online` or `bob offline` for each state. */
  async states(): Promise<string[]> {
    while (true) {
      const { states } = await this.next()
      if (states.length > 0) return states.map(({ username, presence }) => `${username} ${WORDS[presence]}`)
    }
  }
}
