import { expect } from 'chai'
import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { CALL_BYTES, HeldBytes, type HeldCall, type HeldLimits } from '#lib/rpc/sockets/held/held-bytes.ts'

const KIB = 1024

const LIMITS: HeldLimits = {
  totalBytes: 400 * KIB,
  networkBytes: 200 * KIB,
  accountBytes: 150 * KIB,
  connectionBytes: 100 * KIB,
}

/** Calls by name, and which of them had to go. */
class Held {
  readonly held = new HeldBytes(LIMITS)
  readonly evicted: string[] = []

  connect(network: string) {
    const connection = this.held.connect(network)
    return {
      close: () => connection.close(),
      begin: (name: string): HeldCall => connection.begin(() => this.evicted.push(name)),
    }
  }
}

describe('HeldBytes', () => {
  it('counts a call until it ends, and what it has handed on no more', () => {
    const { held } = new Held()
    const call = held.connect('a').begin(() => {})
    call.add(1_000)
    expect(held.bytes).to.equal(CALL_BYTES + 1_000)
    call.add(-600)
    expect(held.bytes).to.equal(CALL_BYTES + 400)
    call.end()
    call.end()
    call.add(1_000)
    expect(held.bytes).to.equal(0)
  })

  it('has the largest call of a connection go that holds too much, to the byte', () => {
    const them = new Held()
    const connection = them.connect('a')
    const [small, large] = [connection.begin('small'), connection.begin('large')]
    large.add(LIMITS.connectionBytes - 2 * CALL_BYTES)
    expect(them.evicted).to.deep.equal([])
    small.add(1)
    expect(them.evicted).to.deep.equal(['large'])
    expect(them.held.bytes).to.equal(CALL_BYTES + 1)
  })

  it('has the one go that was there first, of two that hold as much', () => {
    const them = new Held()
    const connection = them.connect('a')
    const calls = ['first', 'second', 'third'].map((name) => connection.begin(name))
    for (const call of calls) call.add(LIMITS.connectionBytes / 3 - CALL_BYTES)
    calls[2]?.add(1 + (LIMITS.connectionBytes % 3))
    expect(them.evicted).to.deep.equal(['first'])
  })

  it('looks among the connections of a network for the one that holds most', () => {
    const them = new Held()
    const [greedy, modest] = [them.connect('a'), them.connect('a')]
    const one = modest.begin('modest')
    one.add(30 * KIB)
    for (let count = 0; count < 7; count += 1) greedy.begin(`greedy ${count}`)
    const another = them.connect('a')
    for (const name of ['x', 'y', 'z']) another.begin(name).add(14 * KIB)
    expect(them.evicted.filter((name) => !name.startsWith('greedy'))).to.deep.equal([])
    expect(them.evicted).to.have.length.above(0)
  })

  it('looks among the networks for the one that holds most', () => {
    const them = new Held()
    const quiet = them.connect('quiet').begin('quiet')
    quiet.add(60 * KIB)
    for (const network of ['a', 'b', 'c']) {
      for (let count = 0; count < 2; count += 1)
        them
          .connect(network)
          .begin(network)
          .add(60 * KIB)
    }
    expect(them.evicted).to.have.length.above(0).and.not.include('quiet')
    expect(them.held.bytes).to.be.at.most(LIMITS.totalBytes)
  })

  it('counts what an account holds over all connections, also of calls that show none', () => {
    const them = new Held()
    for (const network of ['a', 'b', 'c']) {
      const connection = them.connect(network)
      connection.begin('shown').countFor('alice')
      connection.begin('not shown').add(40 * KIB)
    }
    them.connect('d').begin('of bob').countFor('bob')
    expect(them.evicted).to.deep.equal(['not shown'])
  })

  it('lets nobody hold anything for good who has gone', () => {
    const them = new Held()
    for (let count = 0; count < 1_000; count += 1) {
      const connection = them.connect('a')
      const call = connection.begin('call')
      call.countFor('alice')
      call.add(50 * KIB)
      call.end()
      connection.close()
    }
    expect(them.evicted).to.deep.equal([])
    expect(them.held.bytes).to.equal(0)
  })

  it('counts nothing of a connection that is closed, though its calls have yet to end', () => {
    const them = new Held()
    const connection = them.connect('a')
    const call = connection.begin('call')
    call.countFor('alice')
    call.add(50 * KIB)
    connection.close()
    expect(them.held.bytes).to.equal(0)
    call.end()
    expect([them.held.bytes, them.evicted]).to.deep.equal([0, []])
  })

  it('never holds more than each budget, and forgets nothing', () => {
    const step = record({
      connection: integer({ min: 0, max: 5 }),
      call: integer({ min: 0, max: 9 }),
      what: constantFrom('add', 'add', 'add', 'take', 'account', 'end'),
      bytes: integer({ min: 0, max: 60 * KIB }),
    })
    void assert(
      property(array(step, { maxLength: 200 }), (steps) => {
        const them = new Held()
        const connections = Array.from({ length: 6 }, (_, index) => them.connect(`network ${index % 3}`))
        const calls = new Map<string, HeldCall>()
        for (const { connection, call, what, bytes } of steps) {
          const name = `${connection} ${call}`
          const own = calls.get(name) ?? connections[connection]?.begin(name)
          if (own === undefined) continue
          calls.set(name, own)
          if (what === 'add') own.add(bytes)
          else if (what === 'take') own.add(-Math.min(bytes, own.bytes))
          else if (what === 'account') own.countFor(`account ${call % 2}`)
          else own.end()
          const held = [...calls.values()].reduce((sum, each) => sum + each.bytes, 0)
          expect(them.held.bytes).to.equal(held).and.at.most(LIMITS.totalBytes)
        }
        for (const call of calls.values()) call.end()
        expect(them.held.bytes).to.equal(0)
      }),
    )
  })
})
