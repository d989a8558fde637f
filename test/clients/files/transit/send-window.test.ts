import { expect } from 'chai'
import { MAX_CHUNK_BYTES } from '#lib/delivery/limits.ts'
import { LEAST_WINDOW_BYTES, MOST_WINDOW_BYTES, SendWindow } from '../../../../clients/files/transit/send-window.ts'

/** A link of so many bytes a millisecond and such a round trip, kept busy for a while by what a flow lets go. */
function busy(
  flow: SendWindow,
  { bytesPerMs, roundTripMs }: { bytesPerMs: number; roundTripMs: number },
  forMs: number,
  fromMs = 0,
): { heard: number; pending: number } {
  const onItsWay: { readonly heardAtMs: number; readonly bytes: number }[] = []
  let freeAtMs = 0
  let heard = 0
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 1) {
    while (onItsWay[0] !== undefined && onItsWay[0].heardAtMs <= nowMs) {
      const { bytes } = onItsWay.shift() as { readonly bytes: number }
      heard += bytes
      flow.acknowledged(bytes, nowMs)
    }
    while (flow.hasRoom) {
      flow.sent(MAX_CHUNK_BYTES, nowMs)
      freeAtMs = Math.max(freeAtMs, nowMs) + MAX_CHUNK_BYTES / bytesPerMs
      onItsWay.push({ heardAtMs: freeAtMs + roundTripMs, bytes: MAX_CHUNK_BYTES })
    }
  }
  return { heard, pending: onItsWay.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** Send until there is no room. @returns how many bytes went. */
function fill(flow: SendWindow): number {
  let said = 0
  for (; flow.hasRoom; said += MAX_CHUNK_BYTES) flow.sent(MAX_CHUNK_BYTES, 0)
  return said
}

describe('SendWindow', () => {
  const links = [
    { bytesPerMs: 125, roundTripMs: 40 },
    { bytesPerMs: 2_000, roundTripMs: 40 },
    { bytesPerMs: 2_000, roundTripMs: 400 },
    { bytesPerMs: 12_500, roundTripMs: 100 },
  ]
  for (const link of links) {
    const { bytesPerMs, roundTripMs } = link
    it(`fills a link of ${bytesPerMs / 1_000} MB/s and ${roundTripMs} ms, and stands in its queue for a moment only`, () => {
      const flow = new SendWindow()
      const { heard, pending } = busy(flow, link, 20_000)
      expect(heard).to.be.above(0.9 * bytesPerMs * (20_000 - 10 * roundTripMs))
      const queuedMs = pending / bytesPerMs - roundTripMs
      const pieceMs = MAX_CHUNK_BYTES / bytesPerMs
      // What the shortest round trip has of the first two pieces themselves comes on top, and the piece that fills it.
      expect(queuedMs).to.be.within(0, Math.max(50 + pieceMs, LEAST_WINDOW_BYTES / bytesPerMs) + pieceMs)
    })
  }

  it('begins after a pause with what the link has shown before, and finds out again where it is slower', () => {
    const link = { bytesPerMs: 50_000, roundTripMs: 40 }
    const flow = new SendWindow()
    flow.acknowledged(busy(flow, link, 2_000).pending, 2_100)
    const again = busy(flow, link, 400, 5_000)
    expect(again.heard).to.be.above(0.9 * link.bytesPerMs * (400 - 2 * link.roundTripMs))
    flow.acknowledged(again.pending, 5_500)
    const slower = { bytesPerMs: 5_000, roundTripMs: 40 }
    const queuedMs = busy(flow, slower, 5_000, 10_000).pending / slower.bytesPerMs - slower.roundTripMs
    expect(queuedMs).to.be.within(0, 50 + (2 * MAX_CHUNK_BYTES) / slower.bytesPerMs)
  })

  it('begins anew after a minute', () => {
    const flow = new SendWindow()
    flow.acknowledged(busy(flow, { bytesPerMs: 50_000, roundTripMs: 40 }, 2_000).pending, 2_100)
    expect(busy(flow, { bytesPerMs: 50_000, roundTripMs: 40 }, 40, 62_200).pending).to.equal(LEAST_WINDOW_BYTES)
  })

  it('lets no more go than two pieces before anything is heard, and no more than the most ever', () => {
    expect(fill(new SendWindow())).to.equal(LEAST_WINDOW_BYTES)
    const { pending } = busy(new SendWindow(), { bytesPerMs: 1_000_000, roundTripMs: 1 }, 100)
    expect(pending).to.be.within(MOST_WINDOW_BYTES, MOST_WINDOW_BYTES + MAX_CHUNK_BYTES)
  })

  it('has room again for what is not going to be heard of', () => {
    const flow = new SendWindow()
    fill(flow)
    flow.drop(LEAST_WINDOW_BYTES)
    expect(flow.hasRoom).to.equal(true)
  })

  it('is not kept busy by one who says byte by byte what has come', function () {
    this.timeout(2_000)
    const flow = new SendWindow()
    flow.sent(MOST_WINDOW_BYTES, 0)
    for (let count = 1; count <= 200_000; count += 1) flow.acknowledged(1, count / 100)
    flow.drop(MOST_WINDOW_BYTES - 200_000)
    // 100 bytes a millisecond: less than the least window has.
    expect(fill(flow)).to.equal(LEAST_WINDOW_BYTES)
  })
})
