/**
 * What the stage of a demo tells its page, and what the page can have it do.
 *
 * @module
 */
import { type Message, readTrace } from '../../wire/trace-file.ts'
import { bearer } from '../client/session.ts'

/** A page of one of the two. */
export interface FramedPage {
  readonly name: string
  readonly link: string
}

export interface Waiting {
  readonly message: string
  readonly from: string
  readonly to: string
}

/** A line of the stage. */
export type Told =
  | { readonly type: 'pages'; readonly pages: readonly FramedPage[] }
  | { readonly type: 'steps'; readonly isOn: boolean; readonly waiting: readonly Waiting[] }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'trace'; readonly place: number; readonly message: Message }

/** What the page can have done. */
export type Deed = 'step' | 'run' | 'next' | 'flip' | 'replay' | 'swap'

function ask(what: 'watch' | Deed): Promise<Response> {
  return fetch(`/stage/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-sotto-demo', authorization: `Bearer ${bearer()}` },
    credentials: 'omit',
    cache: 'no-store',
  })
}

/** Have something done. */
export async function doIt(what: Deed): Promise<void> {
  await ask(what).catch(() => undefined)
}

/** All that is told, until the demo has ended. @throws TypeError if it has ended, or does not let this page in. */
export async function* told(): AsyncGenerator<Told, void, void> {
  const { status, body } = await ask('watch')
  if (status !== 200 || body === null) throw new TypeError('the demo does not know this page')
  let held = ''
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = `${held}${value}`.split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) yield toldOf(line)
  }
}

function toldOf(line: string): Told {
  const value = JSON.parse(line) as Told
  if (value.type !== 'trace') return value
  const [message] = readTrace(line)
  if (message === undefined) throw new TypeError('a message is none')
  return { type: 'trace', place: value.place, message }
}
