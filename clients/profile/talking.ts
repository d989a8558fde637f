/**
 * The question of one process of a profile to the one that owns its conversations: whether it talks with somebody now.
 * Whoever has something to send and hears yes need not ask the directory whether they are online, nor load what asks it.
 *
 * It is asked over a socket in the profile's folder, which only its user can enter: the name and a line feed; the answer
 * is one byte, `1` for yes, directly, `2` for yes, through a relay, and `0` for no. Where there is no socket, as with a path that is too long for one, the answer is no.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Route } from '#lib/protocol.ts'
import { USERNAME } from '#lib/validation.ts'
import type { Profile } from './profile.ts'

/** How long the answer may take, in milliseconds: the owner may be at work, and then the directory is as quick. */
const TIMEOUT_MS = 250

/** The longest question: a name and a line feed. */
const MAX_QUESTION_BYTES = 64

/**
 * Answer others of this profile, for the process that holds messenger.lock.
 *
 * @returns ends it.
 */
export function answerTalking({ storage }: Profile, routeTo: (name: string) => Route | undefined): () => void {
  const path = socketOf(storage.folder)
  // What one that was killed has left: nobody listens there, since the lock is held here.
  rmSync(path, { force: true })
  const server = createServer((socket) => answer(socket, routeTo))
  // Then nobody can ask, and nothing is lost but time.
  server.on('error', () => undefined)
  server.listen(path)
  server.unref()
  return () => void server.close()
}

const ANSWERS = { direct: '1', relay: '2' } as const

function answer(socket: Socket, routeTo: (name: string) => Route | undefined): void {
  let question = ''
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined)
  socket.setEncoding('latin1').on('data', (text: string) => {
    question += text
    const end = question.indexOf('\n')
    if (end < 0 && question.length <= MAX_QUESTION_BYTES) return
    const name = question.slice(0, Math.max(end, 0))
    const route = USERNAME.test(name) ? routeTo(name) : undefined
    socket.end(route === undefined ? '0' : ANSWERS[route])
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
async function routeOf({ storage }: Profile, name: string): Promise<Route | 'none' | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = createConnection(socketOf(storage.folder))
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined).on('close', () => resolve(''))
  socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1')))
  socket.write(`${name}\n`)
  const answer = await promise
  socket.destroy()
  if (answer === '0') return 'none'
  return answer === ANSWERS.direct ? 'direct' : answer === ANSWERS.relay ? 'relay' : undefined
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
