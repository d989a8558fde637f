/**
 * A channel of the gRPC library, together with the sockets that it opens.
 *
 * @module
 */
import type { Client } from '@grpc/grpc-js'
import { ChannelSockets } from './channel-sockets.ts'

export class NativeChannel {
  readonly client: Client
  readonly #sockets: ChannelSockets

  /** @param answerTimeoutMs - How long the other end has for the first byte on each connection, in milliseconds. */
  constructor(client: Client, answerTimeoutMs: number) {
    this.client = client
    this.#sockets = new ChannelSockets(answerTimeoutMs)
  }

  /** How many connections were made, so far, and then broken by the other end or on the way. */
  get broken(): number {
    return this.#sockets.broken
  }

  /** Do something that may make it connect, now or later. */
  own<T>(work: (client: Client) => T): T {
    return this.#sockets.own(() => work(this.client))
  }

  /** Connect no more. Calls that are open go on, over the connection that they have. */
  close(): void {
    this.client.close()
    this.#sockets.close()
  }
}
