/**
 * Many people in one process as an actor: each with a profile, a store and a messenger that calls and cannot be called,
 * as `sotto send` has one.
 *
 *     crowd.ts HOME PROFILE…
 *
 * @module
 */
import { systemClock } from '#lib/runtime/clock.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import { openSession } from '../../../clients/command/open-session.ts'
import { Messenger } from '../../../clients/messenger/messenger.ts'
import { openStore } from '../../../clients/store/open-store.ts'
import type { Requests } from '../framework/actor.ts'
import { TEXT } from '../framework/arrivals.ts'
import { serveActor } from '../framework/serve-actor.ts'

export interface CrowdRequests extends Requests {
  /** Open a conversation with somebody, everybody at once. @returns how many have one in time. */
  open: (contact: string, timeoutMs: number) => Promise<number>
  /**
   * Say texts in the conversations that are open, or in some of them. @returns for each the milliseconds until all are
   * acknowledged.
   */
  send: (texts: number, conversations?: number) => Promise<number[]>
}

interface Member extends AsyncDisposable {
  open(contact: string, timeoutMs: number): Promise<boolean>
  send(texts: number): Promise<number>
}

const [home = '', ...names] = process.argv.slice(2)

async function join(name: string): Promise<Member> {
  const { profile, account, clock, connect } = await openSession({ home, profile: name, clock: systemClock })
  const { folder, key } = profile.storage
  const store = openStore(folder, { profileKey: key, clock: systemClock })
  const directory = connect(undefined)
  const { signal } = new AbortController()
  let contact = ''
  let onProgress = (_delivered: number): void => {}
  const messenger = new Messenger({
    profile,
    account,
    clock,
    directory,
    store,
    events: {
      onReceived() {},
      onProgress: (_name, { delivered }) => onProgress(delivered),
      onPresence() {},
      onOnline() {},
      onOffline() {},
      onPinned() {},
      onRefused() {},
    },
    listen: undefined,
    advertise: [],
    log: undefined,
    trace: undefined,
    signal,
  })
  const ended = messenger.run().catch(() => undefined)
  return {
    async open(to, timeoutMs) {
      contact = to
      const opened = messenger.open(to).then(
        () => true,
        () => false,
      )
      return (await withTimeout(opened, timeoutMs)) && (await opened)
    },
    async send(texts) {
      const beganMs = performance.now()
      const done = Promise.withResolvers<void>()
      const ordinals = await Promise.all(Array.from({ length: texts }, () => messenger.enqueue(contact, TEXT)))
      const last = ordinals.at(-1) ?? 0
      onProgress = (delivered) => delivered >= last && done.resolve()
      onProgress(messenger.progress(contact).delivered)
      await done.promise
      return performance.now() - beganMs
    },
    async [Symbol.asyncDispose]() {
      await messenger.stop()
      await ended
      directory.close()
      store.close()
    },
  }
}

const members = await Promise.all(names.map(join))
let talking: Member[] = []

const requests: CrowdRequests = {
  async open(contact, timeoutMs) {
    const opened = await Promise.all(members.map((member) => member.open(contact, timeoutMs)))
    talking = members.filter((_member, index) => opened[index])
    return talking.length
  },
  send: (texts, conversations = talking.length) =>
    Promise.all(talking.slice(0, conversations).map((member) => member.send(texts))),
}

serveActor(requests, () => Promise.all(members.map((member) => member[Symbol.asyncDispose]())))
