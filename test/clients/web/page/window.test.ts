import { expect } from 'chai'
import { type ListMessagesRequest, type ListMessagesResponse, Message } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { MessageWindow, MOST_MESSAGES } from '../../../../clients/web/page/window.ts'

const messageAt = (position: number): Message => ({ ...Message.decode(new Uint8Array()), position: BigInt(position) })

/** The positions from one to another. */
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('MessageWindow', () => {
  /** How many messages the client has; the first is at 1. */
  let count: number
  /** What was asked for and is not answered. */
  let asked: (() => void)[]
  let isHeld: boolean
  let window: MessageWindow
  beforeEach(() => {
    count = 1_000
    asked = []
    isHeld = false
    window = new MessageWindow('bob', list)
  })

  /** Answers as the client does: with what there is when it is asked. */
  async function list({ from, limit = 0 }: Partial<ListMessagesRequest>): Promise<ListMessagesResponse> {
    const value = Number(from?.value ?? count + 1)
    const [first, last] =
      from?.$case === 'after'
        ? [value + 1, Math.min(value + limit, count)]
        : [Math.max(1, value - limit), Math.min(value - 1, count)]
    const more = from?.$case === 'after' ? last < count : first > 1
    if (isHeld) await new Promise<void>((resolve) => asked.push(resolve))
    return { messages: run(first, last).map(messageAt), more }
  }

  /** A message comes, and the client tells of it. */
  function arrive(): void {
    count += 1
    window.add(messageAt(count))
  }

  /** What the window shows, each message in its place. */
  function shown(): number[] {
    const positions = window.messages.map(({ position }) => Number(position))
    expect(positions).to.deep.equal(run(positions[0] ?? 0, positions.at(-1) ?? -1))
    expect(positions.length).to.be.at.most(MOST_MESSAGES)
    return positions
  }

  /** Do something while an answer is on its way. */
  async function during(work: Promise<unknown>, happens: () => unknown): Promise<void> {
    await happens()
    for (const answer of asked.splice(0)) answer()
    await work
  }

  const held = (work: () => Promise<unknown>): Promise<unknown> => {
    isHeld = true
    const begun = work()
    isHeld = false
    return begun
  }

  for (const [what, load, prepare] of [
    ['the newest', () => window.toEnd(), async () => {}],
    ['the newest again', () => window.refresh(), () => window.toEnd()],
    ['those around a position', () => window.around(990n), async () => {}],
    ['newer ones', () => window.newer(), () => window.around(940n)],
  ] as const) {
    it(`has what comes while ${what} are on their way`, async () => {
      await prepare()
      await during(held(load), () => {
        arrive()
        arrive()
      })
      expect(shown().at(-1)).to.equal(1_002)
      expect(window.hasLast).to.equal(true)
      arrive()
      expect(shown().at(-1)).to.equal(1_003)
    })
  }

  it('adds nothing behind a message that was not fetched', async () => {
    await during(
      held(() => window.around(500n)),
      () => arrive(),
    )
    expect(window.hasLast).to.equal(false)
    expect(shown().at(-1)).to.equal(539)
  })

  for (const [what, replace] of [
    ['the newest', () => window.toEnd()],
    ['those around a position', () => window.around(200n)],
  ] as const) {
    for (const load of ['older', 'newer'] as const) {
      it(`joins no ${load} ones to ${what}, which were asked for later`, async () => {
        await window.around(500n)
        await during(
          held(() => window[load]()),
          replace,
        )
        const before = shown()
        expect(before).to.not.include(500)
        const { hasFirst } = window
        if (!hasFirst) expect(await window.older()).to.equal(true)
        expect(shown().length).to.be.above(before.length)
      })
    }
  }

  it('shows what it was asked for last, however the answers come', async () => {
    const first = held(() => window.toEnd())
    const [toEnd] = asked.splice(0)
    await window.around(500n)
    toEnd?.()
    await first
    expect(shown()).to.include(500)
    expect(window.hasLast).to.equal(false)
  })

  it('takes no end for one that was there before something was missed', async () => {
    await window.around(940n)
    await during(
      held(() => window.newer()),
      async () => {
        count += 5
        await window.refresh()
      },
    )
    arrive()
    expect(window.hasLast).to.equal(false)
    await window.newer()
    expect(shown().at(-1)).to.equal(1_006)
  })

  it('asks again for what did not come', async () => {
    const failing = new MessageWindow('bob', (request) => (isHeld ? Promise.reject(new Error('lost')) : list(request)))
    window = failing
    await window.toEnd()
    for (const [load, expected] of [
      [() => window.toEnd(), 1_001],
      [() => window.around(500n), 539],
    ] as const) {
      const error = await held(load).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(Error)
      // Of this one nothing was told.
      if (expected > 1_000) count += 1
      await window.refresh()
      expect(shown().at(-1)).to.equal(expected)
    }
  })
})
