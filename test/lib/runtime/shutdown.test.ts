import { expect } from 'chai'
import { listenForStop } from '#lib/runtime/shutdown.ts'
import { FakeClock } from '../../support/clock.ts'

describe('listenForStop', () => {
  it('tells of the first signal, by promise and by abort', async () => {
    const listener = listenForStop({ exit: () => {} })
    process.emit('SIGTERM', 'SIGTERM')
    expect(await listener.stopped).to.equal('SIGTERM')
    expect(listener.signal.reason).to.have.property('code', 'ERR_INTERRUPTED')
    listener.dispose()
  })

  it('takes the same signal right afterwards for its echo, and another one for impatience', async () => {
    const exits: number[] = []
    const listener = listenForStop({ exit: (code) => exits.push(code) })
    process.emit('SIGINT', 'SIGINT')
    process.emit('SIGINT', 'SIGINT')
    expect(exits).to.deep.equal([])
    process.emit('SIGTERM', 'SIGTERM')
    expect(exits).to.deep.equal([130])
    listener.dispose()
  })

  it('takes the same signal later for impatience', async () => {
    const exits: number[] = []
    const clock = new FakeClock()
    const listener = listenForStop({ exit: (code) => exits.push(code), clock })
    process.emit('SIGINT', 'SIGINT')
    clock.advance(500)
    process.emit('SIGINT', 'SIGINT')
    expect(exits).to.deep.equal([])
    clock.advance(1)
    process.emit('SIGINT', 'SIGINT')
    expect(exits).to.deep.equal([130])
    listener.dispose()
  })

  it('takes SIGHUP for a wish to stop where there is a terminal, and goes on where there is none, as under nohup', () => {
    for (const hasTerminal of [true, false]) {
      const listener = listenForStop({ exit: () => {}, hasTerminal })
      process.emit('SIGHUP', 'SIGHUP')
      expect(listener.signal.aborted).to.equal(hasTerminal)
      listener.dispose()
    }
  })

  it('leaves no listener behind', () => {
    const before = process.listenerCount('SIGINT')
    listenForStop({ exit: () => {} }).dispose()
    expect(process.listenerCount('SIGINT')).to.equal(before)
  })
})
