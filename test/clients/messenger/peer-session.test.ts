import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { PeerSession, type PeerSessionOptions } from '../../../clients/messenger/peer-session.ts'
import type { Conversation } from '../../../clients/peer/conversation.ts'
import type { Calling } from '../../../clients/peer/open-conversation.ts'

describe('PeerSession', () => {
  const over = new AbortController()
  after(() => over.abort())

  it('tries again at once where they have come while it failed', async () => {
    const again = Promise.withResolvers<void>()
    let attempts = 0
    const session: PeerSession = sessionWhere(async () => {
      attempts += 1
      if (attempts === 2) again.resolve()
      session.setOnline(false)
      session.setOnline(true)
      throw new SottoError('ERR_UNAVAILABLE', 'the directory has too much to do', { retryAfterMs: 60_000 })
    })
    session.setOnline(true)
    await again.promise
    expect(attempts).to.equal(2)
    over.abort()
    await session.idle()
  })

  it('is open once the other side is willing, whoever has begun', async () => {
    const resumed = Promise.withResolvers<undefined>()
    const conversation = { resumed: resumed.promise, ended: new Promise(() => {}) } as unknown as Conversation
    const session = sessionWhere(() => expect.fail('nobody is to be called'), conversation)
    let isOpen = false
    const opened = session.open().then(() => (isOpen = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOpen).to.equal(false)
    resumed.resolve(undefined)
    await opened
  })

  /** A session with bob, for whom something waits. @param requestChat - Stands for the directory. */
  function sessionWhere(requestChat: () => Promise<never>, conversation?: Conversation): PeerSession {
    const state = { pins: new Map(), blocked: new Set(), reach: 'any' }
    const calling = {
      profile: { state, refresh: async () => state },
      clock: { local: { monotonicMs: () => performance.now() } },
      directory: { requestChat },
    }
    const streamsByKey = { known: () => conversation && { conversation }, found: () => ({ hasMore: true }) }
    return new PeerSession({
      name: 'bob',
      calling: calling as unknown as Calling,
      streamsByKey: streamsByKey as unknown as PeerSessionOptions['streamsByKey'],
      headStartMs: () => 0,
      longestBackoffMs: 60_000,
      doubtRetryMs: undefined,
      onConversation() {},
      onBusy() {},
      onRefused() {},
      signal: over.signal,
    })
  }
})
