import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { BUSY_PATIENCE_MS, BusyContact } from '../../../clients/peer/busy-contact.ts'

describe('BusyContact', () => {
  const full = new SottoError('ERR_BUSY', 'too many conversations', { retryAfterMs: 10_000 })
  let nowMs: number
  let told: number
  let contact: BusyContact
  beforeEach(() => {
    nowMs = 1_000
    told = 0
    contact = new BusyContact(
      () => nowMs,
      () => {
        told += 1
      },
    )
  })

  it('is worth waiting for, for a while, and tells so once', () => {
    expect(contact.isWorthWaiting(full)).to.equal(true)
    nowMs += BUSY_PATIENCE_MS - 1
    expect(contact.isWorthWaiting(full)).to.equal(true)
    nowMs += 1
    expect(contact.isWorthWaiting(full)).to.equal(false)
    expect(told).to.equal(1)
  })

  it('is so where connections are closed for want of room', () => {
    const closed = new SottoError('ERR_PEER_UNREACHABLE', 'closed at once', { retryAfterMs: 1_000 })
    expect(contact.isWorthWaiting(closed)).to.equal(true)
  })

  it('is not so where nobody answers, or for any other reason', () => {
    for (const failure of [new SottoError('ERR_PEER_UNREACHABLE', 'nobody'), new SottoError('ERR_BLOCKED', 'no'), 1]) {
      expect(contact.isWorthWaiting(failure)).to.equal(false)
    }
    expect(told).to.equal(0)
  })

  it('begins anew once there was room, or another reason', () => {
    for (const step of [() => contact.hasRoom(), () => contact.isWorthWaiting(new Error('cut'))]) {
      contact.isWorthWaiting(full)
      nowMs += BUSY_PATIENCE_MS
      step()
      expect(contact.isWorthWaiting(full)).to.equal(true)
    }
    expect(told).to.equal(3)
  })
})
