/**
 * The questions of one process of a profile to the one that owns its conversations. Whether it talks with somebody now:
 * whoever has something to send and hears yes need not ask the directory whether they are online, nor load what asks it.
 * And whether what waits for somebody who is away, or is about to, can be left at their mailbox: then it is left there.
 *
 * They are asked over a socket in the profile's folder, which only its user can enter: the name and a line feed, after an
 * `@` for the second; the answer is `1` for yes, directly, `2` for yes, through a relay, `3` for posted, `4` for
 * what is too large for a letter, and `0` for no, behind which, to the second, is the error that says why, in JSON. Where
 * there is no socket, as with a path that is too long for one, nobody answers; nor where the owner has just begun or is
 * about to end.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { asSottoError, ERROR_CODES, SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import { USERNAME } from '#lib/validation.ts'
import { type Json, readable, text } from './json-values.ts'
import type { Profile } from './profile.ts'

/** How long the answer may take, in milliseconds: the owner may be at work, and then the directory is as quick. */
const TIMEOUT_MS = 250

/** How long posting may take, likewise: calls to the directory and the relay. */
const POST_TIMEOUT_MS = 15_000

/** How long what is being posted for others may keep the owner from its end, in milliseconds. */
const LAST_MS = 3_000

/** The longest question: a mark, a name and a line feed. */
const MAX_QUESTION_BYTES = 64

/** What the owner of the conversations can say and do. */
export interface Answers {
  readonly routeTo: (name: string) => Route | undefined
  /**
   * Leave what waits for somebody at their mailbox. Resolves with whether all has gone: not if the next message is too
   * large for a letter. Rejects where nothing can.
   */
  readonly post: (name: string) => Promise<boolean>
}

/**
 * Answer others of this profile, for the process that holds messenger.lock.
 *
 * @returns ends it at once, and resolves when what is being posted for others is, or {@link LAST_MS} later. Whoever has no
 *   answer by then gets none, and asks the next owner.
 */
export function answerTalking({ storage }: Profile, answers: Answers): () => Promise<void> {
  const path = socketOf(storage.folder)
  const over = new AbortController()
  const posting = new Set<Promise<void>>()
  const post = async (socket: Socket, name: string): Promise<void> => {
    socket.setTimeout(POST_TIMEOUT_MS)
    try {
      socket.end((await answers.post(name)) ? POSTED : TOO_LARGE)
    } catch (error) {
      if (over.signal.aborted) socket.destroy()
      else socket.end(refusal(error))
    }
  }
  // What one that was killed has left: nobody listens there, since the lock is held here.
  rmSync(path, { force: true })
  const server = createServer((socket) => {
    readQuestion(socket, (question) => {
      const isPost = question.startsWith(POST)
      const name = question.slice(isPost ? POST.length : 0)
      if (over.signal.aborted) socket.destroy()
      else if (!USERNAME.test(name)) socket.end('0')
      else if (isPost) {
        const posted = post(socket, name).finally(() => posting.delete(posted))
        posting.add(posted)
      } else {
        const route = answers.routeTo(name)
        socket.end(route === undefined ? '0' : ANSWERS[route])
      }
    })
  })
  // Then nobody can ask.
  server.on('error', () => undefined)
  server.listen(path)
  server.unref()
  return async () => {
    over.abort()
    server.close()
    await withTimeout(Promise.all(posting), LAST_MS)
  }
}

const ANSWERS = { direct: '1', relay: '2' } as const

const POST = '@'
const POSTED = '3'
const TOO_LARGE = '4'

/** The answer that nothing can be posted, and why. */
function refusal(thrown: unknown): string {
  const { code, message, hint } = asSottoError(thrown)
  return `0${JSON.stringify({ code, message, hint })}`
}

/** The error in such an answer; undefined if there is none. */
function errorIn(answer: string): SottoError | undefined {
  if (!answer.startsWith('0')) return undefined
  return readable(() => {
    const { code, message, hint } = JSON.parse(answer.slice(1)) as Json
    const known = ERROR_CODES.find((each) => each === code)
    return known && new SottoError(known, text(message), hint === undefined ? {} : { hint: text(hint) })
  })
}

/** @param onQuestion - Takes what comes before the first line feed, or an empty text for what is too long to be a question. */
function readQuestion(socket: Socket, onQuestion: (question: string) => void): void {
  let read = ''
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined)
  socket.setEncoding('latin1').on('data', (text: string) => {
    const isAsked = read.includes('\n') || read.length > MAX_QUESTION_BYTES
    read += text
    const end = read.indexOf('\n')
    if (isAsked || (end < 0 && read.length <= MAX_QUESTION_BYTES)) return
    onQuestion(read.slice(0, Math.max(end, 0)))
  })
}

/** Ask whether the owner of a profile's conversations talks with somebody now; no, if nobody answers. */
export async function isTalkedWith(profile: Profile, name: string): Promise<boolean> {
  const route = await routeOf(profile, name)
  return route === 'direct' || route === 'relay'
}

/**
 * Ask which way the owner of a profile's conversations talks with somebody now.
 *
 * @returns `none` if they do not talk; undefined if nobody answers.
 */
async function routeOf(profile: Profile, name: string): Promise<Route | 'none' | undefined> {
  const answer = await ask(profile, name, TIMEOUT_MS)
  if (answer === '0') return 'none'
  return answer === ANSWERS.direct ? 'direct' : answer === ANSWERS.relay ? 'relay' : undefined
}

/**
 * Have the owner of a profile's conversations leave what waits for somebody at their mailbox; or see that it can, where
 * nothing waits.
 *
 * @param signal - Aborted to wait no longer.
 * @returns whether all of it has gone: not if the next message is too large for a letter; undefined if nobody answers.
 * @throws SottoError what it has failed with at the owner.
 */
export async function postThroughOwner(
  profile: Profile,
  name: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const answer = await ask(profile, `${POST}${name}`, POST_TIMEOUT_MS, signal)
  if (answer === POSTED || answer === TOO_LARGE) return answer === POSTED
  const error = errorIn(answer)
  if (error !== undefined) throw error
  return undefined
}

async function ask({ storage }: Profile, question: string, timeoutMs: number, signal?: AbortSignal): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = createConnection({ path: socketOf(storage.folder), ...(signal && { signal }) })
  socket.setTimeout(timeoutMs, () => socket.destroy())
  socket.on('error', () => undefined).on('close', () => resolve(''))
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.on('end', () => resolve(answer))
  socket.write(`${question}\n`)
  return await promise
}

/** Ask which way the owner of a profile's conversations talks with each of these, as far as they talk. */
export async function routesTo(profile: Profile, names: readonly string[]): Promise<ReadonlyMap<string, Route>> {
  const routes = new Map<string, Route>()
  for (const name of names) {
    const route = await routeOf(profile, name)
    // Then nobody answers of the others.
    if (route === undefined) break
    if (route !== 'none') routes.set(name, route)
  }
  return routes
}

function socketOf(folder: string): string {
  return join(folder, 'messenger.sock')
}
