/**
 * Bob's machine as it should not be: it takes every call with all that the handshake needs, and then does what the test
 * says.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Channel } from '#lib/channel/channel.ts'
import { acceptHello } from '#lib/channel/responder.ts'
import { realmOf } from '#lib/runtime/tls.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { HostLink } from '../../clients/peer/record-link.ts'
import type { Profile } from '../../clients/profile/profile.ts'
import type { LyingServices } from './lying-services.ts'
import { type PeerServer, peerServer } from './peer-server.ts'

export class FailingHost implements AsyncDisposable {
  /** How many calls have come. */
  calls = 0
  readonly #server: PeerServer
  readonly #over = new AbortController()

  /** @param talk - What it does after its Welcome; the call ends when it is done. */
  static async start(
    services: LyingServices,
    profile: Profile,
    talk: (link: HostLink, channel: Channel) => Promise<void>,
  ): Promise<FailingHost> {
    const { account, session } = profile.login
    const instanceId = randomBytes(16)
    const admission = {
      identity: profile.state.identity,
      ownName: account.username,
      realm: realmOf(account.authorityPem),
      ticketKey: session.keys.ticketKey,
      instanceId,
      replayCache: new ReplayCache(),
      random: randomBytes,
    }
    const server = await peerServer(async (stream) => {
      const link = new HostLink(stream)
      host.calls += 1
      const hello = await link.hello()
      const { welcome, channel } = acceptHello({ ...admission, hello, nowMs: Date.now(), monotonicMs: 0 })
      await link.welcome(welcome)
      await talk(link, channel)
    })
    const host = new FailingHost(server)
    const endpoints = () => [{ address: '127.0.0.1', port: server.server.port }]
    const announcement = { endpoints, instanceId, signal: host.#over.signal, onOnline() {}, onOffline() {} }
    services.announce(profile.name, announcement).catch(() => undefined)
    return host
  }

  private constructor(server: PeerServer) {
    this.#server = server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#server[Symbol.asyncDispose]()
  }
}
