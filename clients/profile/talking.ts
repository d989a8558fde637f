/**
 * The question of one process of a profile to the one that owns its conversations: whether it talks with somebody now.
 * Whoever has something to send and hears yes need not ask the directory whether they are online, nor load what asks it.
 *
 * It is asked over a socket in the profile's folder, which only its user can enter: the name and a line feed; the answer
 * is one byte, `1` for yes. Where there is no socket, as with a path that is too long for one, the answer is no.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
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
export function answerTalking({ storage }: Profile, isTalkingWith: (name: string) => boolean): () => void {
  const path = socketOf(storage.folder)
  // What one that was killed has left: nobody listens there, since the lock is held here.
  rmSync(path, { force: true })
  const server = createServer((socket) => answer(socket, isTalkingWith))
  // Then nobody can ask, and nothing is lost but time.
  server.on('error', () => undefined)
  server.listen(path)
  server.unref()
  return () => void server.close()
}

function answer(socket: Socket, isTalkingWith: (name: string) => boolean): void {
  let question = ''
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined)
  socket.setEncoding('latin1').on('data', (text: string) => {
    question += text
    const end = question.indexOf('\n')
    if (end < 0 && question.length <= MAX_QUESTION_BYTES) return
    const name = question.slice(0, Math.max(end, 0))
    socket.end(USERNAME.test(name) && isTalkingWith(name) ? '1' : '0')
  })
}

/** Ask whether the owner of a profile's conversations talks with somebody now; no, if nobody answers. */
export async function isTalkedWith({ storage }: Profile, name: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createConnection(socketOf(storage.folder))
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('error', () => undefined).on('close', () => resolve(false))
  socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1') === '1'))
  socket.write(`${name}\n`)
  const isTalking = await promise
  socket.destroy()
  return isTalking
}

function socketOf(folder: string): string {
  return join(folder, 'messenger.sock')
}
