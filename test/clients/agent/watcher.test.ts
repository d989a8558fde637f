import { expect } from 'chai'
import type { Conversation, Message } from '#gen/sotto/agent/v1/agent_service.ts'
import { MAX_WAITING_EVENTS, Watcher, type WatchSource } from '../../../clients/agent/watcher.ts'
import { rejection } from '../../support/rejection.ts'

/** Conversations in memory: so many messages with each contact, a page of two at a time. */
function sourceOf(counts: Record<string, number>): WatchSource {
  return {
    names: () => Object.keys(counts),
    newest: (name) => ({ batch: counts[name] ?? 0, index: 0 }),
    after(name, { batch }) {
      const last = Math.min(batch + 2, counts[name] ?? 0)
      if (last <= batch) return undefined
      const numbers = Array.from({ length: last - batch }, (_, index) => batch + index + 1)
      return {
        messages: numbers.map((number) => ({ number: BigInt(number) }) as Message),
        last: { batch: last, index: 0 },
      }
    },
    conversation: (contact) => ({ contact, unread: BigInt(counts[contact] ?? 0) }) as Conversation,
  }
}

/** What a watcher gives until it has nothing more, in words. */
async function given(watcher: Watcher): Promise<string[]> {
  const words: string[] = []
  const end = setImmediate(() => watcher.end())
  for await (const { event } of watcher.responses()) {
    if (event?.$case === 'message') words.push(`message ${event.value.number}`)
    else if (event?.$case === 'conversation') words.push(`${event.value.contact}: ${event.value.unread}`)
    else words.push(event?.$case ?? '')
  }
  clearImmediate(end)
  return words
}

describe('Watcher', () => {
  it('reports what is new since it began, in order, and the last state once', async () => {
    const counts = { bob: 3 }
    const watcher = new Watcher(sourceOf(counts), false)
    for (let count = 4; count <= 9; count += 1) {
      counts.bob = count
      watcher.grown('bob')
    }
    expect(await given(watcher)).to.deep.equal([4, 5, 6, 7, 8, 9].map((number) => `message ${number}`).concat('bob: 9'))
  })

  it('holds nothing of a burst for one who does not read', () => {
    const counts = { bob: 0 }
    const watcher = new Watcher(sourceOf(counts), false)
    for (let count = 1; count <= 100_000; count += 1) {
      counts.bob = count
      watcher.grown('bob')
      watcher.state('typing bob', { $case: 'typing', value: { contact: 'bob', active: count % 2 === 0 } })
    }
    const iterator = watcher.responses()
    watcher.end()
    return iterator.return()
  })

  it('begins a conversation anew that was forgotten', async () => {
    const counts = { bob: 5 }
    const watcher = new Watcher(sourceOf(counts), false)
    watcher.forgotten('bob')
    counts.bob = 2
    watcher.grown('bob')
    expect(await given(watcher)).to.deep.equal(['message 1', 'message 2', 'bob: 2', 'forgotten'])
  })

  it('ends with ERR_BUSY where notices were missed', async () => {
    const watcher = new Watcher(sourceOf({}), false)
    for (let count = 0; count <= MAX_WAITING_EVENTS; count += 1) {
      watcher.event({ $case: 'notice', value: { text: String(count), contact: '' } })
    }
    expect((await rejection(given(watcher))).code).to.equal('ERR_BUSY')
  })
})
