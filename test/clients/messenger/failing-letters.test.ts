import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { Letters, type LettersOptions } from '../../../clients/messenger/letters.ts'

describe('Letters, where the store fails', () => {
  const failure = new SottoError('ERR_STORE', 'the disk fails to read or write the store')

  /** @param hasMore - Whether something waits for bob, who is away. */
  function lettersWhere(hasMore: () => boolean): { letters: Letters; failed: Promise<unknown> } {
    const { promise: failed, resolve } = Promise.withResolvers<unknown>()
    const state = { pins: new Map(), blocked: new Set() }
    const options = {
      profile: { state },
      streamsByKey: { found: () => ({ hasMore: hasMore(), messageLog: { letters: {} } }) },
      clock: { local: { monotonicMs: () => performance.now() } },
      isOnline: () => false,
      attempt: (work: () => unknown) => void Promise.try(work).catch(resolve),
      awayMs: 1,
      signal: new AbortController().signal,
    }
    return { letters: new Letters(options as unknown as LettersOptions), failed }
  }

  it('have whoever has said something go on, and end the messenger', async () => {
    const { letters, failed } = lettersWhere(() => {
      throw failure
    })
    letters.consider('bob')
    expect(await failed).to.equal(failure)
  })

  it('end the messenger, and not the process, where it fails when their time has come', async () => {
    let looks = 0
    const { letters, failed } = lettersWhere(() => {
      looks += 1
      if (looks > 1) throw failure
      return true
    })
    letters.consider('bob')
    expect(await failed).to.equal(failure)
    expect(looks).to.equal(2)
  })
})
