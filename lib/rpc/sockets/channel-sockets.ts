/**
 * The sockets that a channel opens, so that none outlives its use.
 *
 * The gRPC library never gives up a connection attempt by itself, and closing a channel does not end one: a socket to a
 * host that drops packets would stay for two minutes, and one that is accepted and then left in silence for ever. Node.js
 * tells of every socket that is opened (https://nodejs.org/api/diagnostics_channel.html#net), and an asynchronous context
 * tells for which channel.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { orphanedSockets } from './orphaned-sockets.ts'

const owners = new AsyncLocalStorage<ChannelSockets>()

subscribe('net.client.socket', (message) => owners.getStore()?.add((message as { socket: Socket }).socket))

export class ChannelSockets {
  readonly #answerTimeoutMs: number
  readonly #open = new Set<Socket>()
  #broken = 0
  #isClosed = false

  /** @param answerTimeoutMs - How long the other end has for its first byte, in milliseconds. */
  constructor(answerTimeoutMs: number) {
    this.#answerTimeoutMs = answerTimeoutMs
  }

  /** How many connections were made, so far, and then broken by the other end or on the way. */
  get broken(): number {
    return this.#broken
  }

  /** Run something that may make the channel connect, now or later. */
  own<T>(work: () => T): T {
    return owners.run(this, work)
  }

  add(socket: Socket): void {
    // A socket that is destroyed before it connects would come to life again.
    if (this.#isClosed) return void queueMicrotask(() => socket.destroy())
    this.#open.add(socket)
    orphanedSockets.add(socket)
    // Whoever serves HTTP/2 speaks at once, and so does whoever serves TLS once it is spoken to.
    let isSilent = false
    const timer = setTimeout(() => {
      isSilent = socket.bytesRead === 0
      if (isSilent) socket.destroy(new Error('no answer in time'))
    }, this.#answerTimeoutMs)
    timer.unref()
    let isMade = false
    const countBroken = () => {
      if (isMade && !isSilent) this.#broken += 1
      isMade = false
    }
    socket.once('connect', () => {
      isMade = true
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // A reset may come before this end knows that the connection is made; a refusal has another code.
      isMade ||= error.code === 'ECONNRESET'
      countBroken()
    })
    socket.once('close', () => {
      clearTimeout(timer)
      countBroken()
      this.#open.delete(socket)
    })
  }

  /**
   * Close those on which nothing has been said, and whatever is opened from now on: a channel that was about to connect
   * again does so once after it is closed (subchannel.js of 1.14.7). The others the library closes, in order.
   */
  close(): void {
    this.#isClosed = true
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy()
  }
}
