/**
 * The stage of a demo: the story of both people for one page, which can have messages wait, and the network tamper.
 *
 *     POST /stage/watch                 lines of JSON: the pages, the messages, what waits, notices
 *     POST /stage/step, run, next       have each message wait; none; let the first one pass
 *     POST /stage/flip, replay, swap    have the network do that to the next call, which alice makes
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import type { Calls } from '../../../clients/web/server/web-server.ts'
import { Network, type PassingMessage } from '../network/network.ts'
import { isTampering, type Tampering } from '../network/tamperings.ts'
import { Story } from '../story.ts'
import { Steps } from './steps.ts'

/** A page of one of the two. */
export interface StagePage {
  readonly name: string
  readonly link: string
}

export interface StageOptions {
  /** Has the first of the two say something, so that there is a call. */
  readonly say: (text: string) => Promise<void>
}

/** What is said in a call that is tampered with. */
const WORDS: Readonly<Record<Tampering, string>> = {
  flip: 'Still there?',
  replay: 'Only once.',
  swap: 'Which one?',
}

export class Stage implements Calls {
  readonly paths = /^\/stage\/[a-z]{1,16}$/
  readonly story: Story
  readonly network: Network
  readonly #options: StageOptions
  readonly #steps = new Steps(() => this.#tell(this.#state))
  readonly #watchers = new Set<ServerResponse>()
  #pages: readonly StagePage[] = []

  constructor(options: StageOptions) {
    this.#options = options
    this.story = new Story({
      reveals: true,
      onTold: (place, message) => this.#tell({ ...message, place }),
      wait: ({ message, from, to }) => this.#steps.wait({ message, from, to }),
    })
    this.network = new Network({
      notice: (text) => this.#tell({ type: 'notice', text }),
      wait: (message, over) => this.#steps.wait({ ...message, message: nameOf(message) }, over),
    })
  }

  /** Show the pages of the two. */
  show(pages: readonly StagePage[]): void {
    this.#pages = pages
    this.#tell(this.#shown)
  }

  /** The origins of the two pages. */
  get origins(): string[] {
    return this.#pages.map(({ link }) => new URL(link).origin)
  }

  carry(request: IncomingMessage, response: ServerResponse): void {
    const what = request.url?.slice('/stage/'.length) ?? ''
    if (request.headers['content-length'] !== '0') response.writeHead(413, { connection: 'close' }).end()
    else if (what === 'watch') this.#watch(response)
    else response.writeHead(this.#do(what) ? 204 : 404).end()
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/jsonl' })
    const messages = this.story.messages.map((message, place) => ({ ...message, place }))
    for (const line of [this.#shown, ...messages, this.#state]) response.write(lineOf(line))
    this.#watchers.add(response)
    response.on('close', () => this.#watchers.delete(response))
  }

  /** @returns whether it is anything. */
  #do(what: string): boolean {
    if (what === 'next') this.#steps.next()
    else if (what === 'step' || what === 'run') this.#turn(what === 'step')
    else if (isTampering(what)) void this.#tamper(what)
    else return false
    return true
  }

  /** With the calls that there are cut, the next message begins with the third of the five. */
  #turn(isOn: boolean): void {
    if (isOn) this.network.cut()
    this.#steps.turn(isOn)
  }

  async #tamper(how: Tampering): Promise<void> {
    this.network.tamper(how)
    this.network.cut()
    await this.#options.say(WORDS[how]).catch(({ message }: Error) => this.#tell({ type: 'notice', text: message }))
  }

  /** Let everything go, so that it can end. */
  close(): void {
    this.#steps.turn(false)
    this.network.close()
    for (const watcher of this.#watchers) watcher.end()
  }

  get #shown(): object {
    return { type: 'pages', pages: this.#pages }
  }

  get #state(): object {
    return { type: 'steps', isOn: this.#steps.isOn, waiting: this.#steps.waiting }
  }

  #tell(what: object): void {
    for (const watcher of this.#watchers) watcher.write(lineOf(what))
  }
}

function lineOf(what: object): string {
  return `${JSON.stringify(what)}\n`
}

/** What the network can tell of a message. */
function nameOf({ isOfCaller, content }: PassingMessage): string {
  const { message } = (isOfCaller ? ConverseRequest : ConverseResponse).decode(content)
  if (message?.$case === 'hello') return 'Hello'
  if (message?.$case === 'welcome') return 'Welcome'
  return `a record of ${content.length} bytes`
}
