/**
 * `sotto web` in this process, and a browser's way to it: HTTP with the headers that a browser sends, by hand.
 *
 * @module
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import { SottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { type WebOptions, web } from '../../clients/web/web.ts'
import type { Installation } from './installation.ts'

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export class WebPage implements AsyncDisposable {
  readonly links: string[] = []
  readonly notices: string[] = []
  readonly done: Promise<void>
  readonly #stop = new AbortController()
  readonly #linked = Promise.withResolvers<void>()

  constructor({ home }: Pick<Installation, 'home'>, profile: string, changes: Partial<WebOptions> = {}) {
    this.done = web({
      home: home.path,
      profile,
      clock: systemClock,
      port: undefined,
      hostNames: [],
      open: false,
      listen: { address: '127.0.0.1', port: 0 },
      advertise: [],
      downloads: home.path,
      onLink: (link) => {
        this.links.push(link)
        this.#linked.resolve()
      },
      notice: (text) => this.notices.push(text),
      signal: this.#stop.signal,
      ...changes,
    })
    this.done.catch(() => undefined)
  }

  /** Serve the page, and wait until there is a link to it. */
  static async open(...args: ConstructorParameters<typeof WebPage>): Promise<WebPage> {
    const page = new WebPage(...args)
    await Promise.race([page.#linked.promise, page.done.then(() => Promise.reject(new Error('it has ended')))])
    return page
  }

  get address(): URL {
    return new URL(this.links[0] ?? '')
  }

  /** The token of a link. */
  tokenOf(link = this.links[0]): string {
    return new URL(link ?? '').hash.slice(1)
  }

  /** Ask as the page does, with headers that differ. One that is undefined is left out. */
  ask(
    path: string,
    headers: Record<string, string | undefined> = {},
    body?: Uint8Array,
    method = 'POST',
  ): Promise<Answered> {
    const { host, hostname, port, origin } = this.address
    const own = {
      host,
      origin,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/grpc-web+proto',
      'content-length': String(body?.length ?? 0),
      ...headers,
    }
    const sent = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, path, method, headers: sent, agent: false }, async (response) => {
        try {
          const chunks = await Array.fromAsync(response)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        } catch (error) {
          reject(error)
        }
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  /** Exchange a link for a bearer. */
  async follow(link = this.links[0]): Promise<Answered> {
    const headers = { 'content-type': 'application/x-sotto-link', authorization: `Link ${this.tokenOf(link)}` }
    return await this.ask('/session', headers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new SottoError('ERR_INTERRUPTED', 'interrupted'))
    await this.done.catch(() => undefined)
  }
}
