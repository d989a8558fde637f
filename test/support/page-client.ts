/**
 * The client of a page whose modules run here, without a browser: it takes the place of `fetch`, and a test says what it
 * answers.
 *
 * @module
 */
import { AgentServiceDefinition, WatchResponse } from '#gen/web/sotto/agent/v1/agent_service.ts'

declare global {
  /** What the page's modules name that Node.js does not have. */
  var location: { readonly hash: string; readonly pathname: string }
  var history: { replaceState(data: unknown, unused: string, url: string): void }
  var reportError: (error: unknown) => void
}

const { methods } = AgentServiceDefinition

interface Codec {
  encode(message: object): { finish(): Uint8Array }
  decode(bytes: Uint8Array): unknown
}

type MessageOf<Type> = Type extends { decode(input: Uint8Array): infer Message } ? Message : never

/** What answers each call; a call that nothing answers is refused. */
export type Answers = {
  [Name in keyof typeof methods]?: (
    request: MessageOf<(typeof methods)[Name]['requestType']>,
  ) =>
    | Partial<MessageOf<(typeof methods)[Name]['responseType']>>
    | Promise<Partial<MessageOf<(typeof methods)[Name]['responseType']>>>
}

const PREFIX_BYTES = 5

function framed(flags: number, content: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt8(flags)
  prefix.writeUInt32BE(content.length, 1)
  return Buffer.concat([prefix, content])
}

const OK = framed(0x80, Buffer.from('grpc-status: 0\r\n'))
const REFUSED = framed(0x80, Buffer.from('grpc-status: 12\r\ngrpc-message: nothing answers\r\n'))

export class PageClient implements AsyncDisposable {
  readonly #fetch = globalThis.fetch
  readonly #channel = globalThis.BroadcastChannel
  readonly #channels: BroadcastChannel[] = []
  /** The names of the calls that came. */
  readonly calls: string[] = []
  /** The mistakes of the page's own. */
  readonly reported: unknown[] = []
  #watching: ReadableStreamDefaultController<Uint8Array> | undefined
  #watched = Promise.withResolvers<void>()

  constructor(answers: Answers) {
    sessionStorage.setItem('sotto-bearer', 'x')
    globalThis.location = { hash: '', pathname: '/' }
    globalThis.reportError = (error) => void this.reported.push(error)
    const channels = this.#channels
    // An open one keeps a process running.
    globalThis.BroadcastChannel = class extends BroadcastChannel {
      constructor(name: string) {
        super(name)
        channels.push(this)
      }
    }
    globalThis.fetch = async (url, init) => {
      const path = String(url)
      const entry = Object.entries(methods).find(([, { name }]) => path.endsWith(`/${name}`))
      if (entry === undefined) throw new TypeError(`no call: ${path}`)
      const [name, method] = entry
      this.calls.push(name)
      if (name === 'watch') return this.#watch()
      init?.signal?.throwIfAborted()
      const answer = answers[name as keyof Answers] as ((request: unknown) => object) | undefined
      if (answer === undefined) return new Response(REFUSED)
      const body = Uint8Array.from(init?.body as Uint8Array).subarray(PREFIX_BYTES)
      const response = await answer((method.requestType as Codec).decode(body))
      const type = method.responseType as Codec
      const whole = { ...(type.decode(new Uint8Array()) as object), ...response }
      return new Response(Buffer.concat([framed(0, type.encode(whole).finish()), OK]))
    }
  }

  #watch(): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#watching = controller
      },
    })
    this.#watched.resolve()
    return new Response(body)
  }

  /** Somebody watches, now or again. */
  async watched(): Promise<void> {
    await this.#watched.promise
    this.#watched = Promise.withResolvers()
  }

  /** Tell whoever watches. */
  tell(event: NonNullable<WatchResponse['event']>): void {
    this.#watching?.enqueue(framed(0, WatchResponse.encode({ event }).finish()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A page that is not signed in watches no more.
    sessionStorage.removeItem('sotto-bearer')
    this.#watching?.close()
    await navigator.locks.request('sotto-watch', () => {})
    for (const channel of this.#channels) channel.close()
    globalThis.BroadcastChannel = this.#channel
    globalThis.fetch = this.#fetch
  }
}
