/**
 * The page's server, on the two loopback addresses.
 *
 * @module
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { SottoError } from '#lib/errors.ts'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'
import { type Access, TOKEN } from './access.ts'
import { limitConnections } from './connection-limit.ts'
import { refusalOf } from './guard.ts'
import type { PageFile, PageFiles } from './page-files.ts'

export interface WebServerOptions {
  readonly access: Pick<Access, 'redeem' | 'knows'>
  readonly calls: Calls
  readonly page: PageFiles
  /** 0 for any free one. */
  readonly port: number
  /** Whether another port will do where this one is taken. */
  readonly mayMove: boolean
  /** Names by which a browser may call it beside its own, as behind `ssh -L`: NAME or NAME:PORT. */
  readonly hostNames: readonly string[]
  /** The origin of the page that this one may stand in a frame of, that of a demo; of none unless set. */
  readonly framedBy?: string | undefined
  /** The origins of the pages that stand in frames of this one; none unless set. */
  readonly frames?: () => readonly string[]
  /** A page has exchanged its link. */
  readonly onSignedIn: () => void
}

/** What takes the calls of a page that was let in. */
export interface Calls {
  readonly paths: RegExp
  carry(request: IncomingMessage, response: ServerResponse): void
}

export interface WebServer {
  readonly port: number
  close(): void
}

const LOOPBACK = ['127.0.0.1', '::1'] as const

/** A request's headers may take so many bytes. */
const MAX_HEADER_BYTES = 8 * 1024

/** How long a request may take to come whole, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000

/** How many connections there may be: a browser opens six. */
const MAX_CONNECTIONS = 64

/** The headers of every answer. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Where the page has what it saves a trace in. */
const TEMPLATE_PATH = '/wire/template'

/** What is under an address with its hash never changes. */
const FOR_GOOD = 'private, max-age=31536000, immutable'

/**
 * Serve the page.
 *
 * @throws SottoError `ERR_CONFIG` if the port is taken.
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const page = new Page(options)
  const servers: Server[] = []
  let { port } = options
  try {
    for (const host of LOOPBACK) {
      const server = await listen(page.answer, host, port).catch((error: unknown) => {
        // A machine may have no IPv6; and of a port that it has in common with somebody else, 127.0.0.1 is named.
        if (host === '::1') return undefined
        if (!hasSystemCode(error, 'EADDRINUSE')) throw error
        if (options.mayMove) return listen(page.answer, host, 0)
        throw new SottoError('ERR_CONFIG', `port ${port} is taken`, {
          cause: error,
          hint: 'name another --port, or leave it out for any free one',
        })
      })
      if (server === undefined) continue
      servers.push(server)
      port = (server.address() as { port: number }).port
    }
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
  page.setPort(port)
  return {
    port,
    close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

function listen(answer: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    answer,
  )
  limitConnections(server, MAX_CONNECTIONS)
  // There is nothing here to change the protocol to.
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.on('connect', (_request, socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    // Of a connection that could not be taken later, nobody need hear.
    server.on('error', reject)
    server.listen({ host, port, ipv6Only: host === '::1' }, () => resolve(server))
  })
}

/** The answers of the server. */
class Page {
  readonly #options: WebServerOptions
  readonly #compressed = new Map<PageFile, Buffer>()
  #hosts: ReadonlySet<string> = new Set()
  #template: PageFile | undefined

  constructor(options: WebServerOptions) {
    this.#options = options
  }

  get #policy(): string {
    const { page, framedBy = "'none'", frames = () => [] } = this.#options
    return [
      "default-src 'none'",
      `script-src 'self' 'sha256-${page.importMapHash}'`,
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' blob:",
      ...[frames()].flatMap((origins) => (origins.length === 0 ? [] : [`frame-src ${origins.join(' ')}`])),
      "base-uri 'none'",
      "form-action 'none'",
      `frame-ancestors ${framedBy}`,
      "require-trusted-types-for 'script'",
      'trusted-types lit-html',
    ].join('; ')
  }

  /** The page has its own names at this port. */
  setPort(port: number): void {
    const given = this.#options.hostNames.map((name) => (/:\d+$/.test(name) ? name : `${name}:${port}`))
    const own = ['127.0.0.1', '[::1]', 'localhost'].map((name) => `${name}:${port}`)
    this.#hosts = new Set([...own, ...given].map((name) => name.toLowerCase()))
  }

  readonly answer: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    response.setHeader('content-security-policy', this.#policy)
    response.setHeader('cache-control', 'no-store')
    const { framedBy, calls, access } = this.#options
    if (framedBy === undefined) response.setHeader('x-frame-options', 'DENY')
    const refusal = refusalOf(request, this.#hosts, framedBy !== undefined)
    if (refusal !== undefined) {
      refuse(response, refusal.status, refusal.reason)
      return
    }
    if (request.method !== 'POST') {
      this.#sendFile(request, response)
      return
    }
    const { url = '' } = request
    if (url === '/session') {
      void this.#exchange(request, response)
      return
    }
    if (!calls.paths.test(url)) {
      refuse(response, 404, 'nothing is here')
      return
    }
    const bearer = credentialOf(request, 'Bearer')
    if (bearer === undefined || !access.knows(bearer)) {
      refuse(response, 401, 'follow a new link')
      return
    }
    calls.carry(request, response)
  }

  /** The token of a link for a bearer. */
  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = credentialOf(request, 'Link')
    const bearer = token && (await this.#options.access.redeem(token).catch(() => undefined))
    if (!bearer) {
      refuse(response, 401, 'the link was used, or has waited too long')
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain' }).end(bearer)
    this.#options.onSignedIn()
  }

  #sendFile({ method, url = '/', headers }: IncomingMessage, response: ServerResponse): void {
    const { index } = this.#options.page
    const [path = '/', hash] = url.split('?')
    const file = this.#fileAt(path)
    if (file === undefined) {
      refuse(response, 404, 'nothing is here')
      return
    }
    response.setHeader('content-type', file.type)
    if (hash !== undefined && file !== index) response.setHeader('cache-control', FOR_GOOD)
    const mayCompress = String(headers['accept-encoding'] ?? '').includes('gzip')
    if (mayCompress) response.setHeader('content-encoding', 'gzip')
    const body = mayCompress ? this.#gzip(file) : file.body
    response.writeHead(200, { 'content-length': body.length }).end(method === 'HEAD' ? undefined : body)
  }

  #fileAt(path: string): PageFile | undefined {
    const { index, files, template } = this.#options.page
    if (path === '/') return index
    if (path !== TEMPLATE_PATH) return files.get(path)
    this.#template ??= template()
    return this.#template
  }

  #gzip(file: PageFile): Buffer {
    const body = this.#compressed.get(file) ?? gzipSync(file.body)
    this.#compressed.set(file, body)
    return body
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  // What comes of a request's body is not read.
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${reason}\n`)
}

/** The credential of a scheme in the authorization header, if it has the form of one. */
function credentialOf({ headers }: IncomingMessage, scheme: string): string | undefined {
  const [given, credential = ''] = (headers.authorization ?? '').split(' ')
  return given === scheme && TOKEN.test(credential) ? credential : undefined
}
