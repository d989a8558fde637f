import { expect } from 'chai'
import { Line, type Waiting } from '#lib/rpc/sockets/entrance/line.ts'

interface Named extends Waiting {
  readonly name: string
}

describe('Line', () => {
  let line: Line<Named>
  let turnedAway: string[]
  beforeEach(() => {
    line = new Line(6)
    turnedAway = []
  })

  /** Somebody of a network comes: `a1` is of `a`. */
  function join(name: string): Named {
    const waiting = { name, network: name[0] as string, onTurnedAway: () => void turnedAway.push(name) }
    line.join(waiting)
    return waiting
  }

  const joinAll = (...names: readonly string[]) => names.map(join)

  const speak = (...all: readonly Named[]) => {
    for (const each of all) line.speak(each)
  }

  /** Who is let through as long as anybody is. */
  function order(hasPlace: (network: string) => boolean = () => true): string[] {
    const names: string[] = []
    for (let next = line.next(hasPlace); next !== undefined; next = line.next(hasPlace)) names.push(next.name)
    return names
  }

  /** Who waits: all are turned away for that. */
  function waitingIn(): string[] {
    const before = turnedAway.length
    line.clear()
    return turnedAway.slice(before)
  }

  it('has those of a network come in the order in which they spoke', () => {
    const [a1, a2, a3] = joinAll('a1', 'a2', 'a3') as [Named, Named, Named]
    speak(a3, a1, a2)
    expect(order()).to.deep.equal(['a3', 'a1', 'a2'])
  })

  it('has the networks take turns, however many of one have come', () => {
    speak(...joinAll('a1', 'a2', 'a3', 'a4', 'b1', 'c1'))
    expect(order()).to.deep.equal(['a1', 'b1', 'c1', 'a2', 'a3', 'a4'])
  })

  it('goes on with the network whose turn it is when more have come', () => {
    speak(...joinAll('a1', 'a2', 'a3', 'b1'))
    expect(line.next(() => true)?.name).to.equal('a1')
    speak(...joinAll('b2', 'c1'))
    expect(order()).to.deep.equal(['b1', 'a2', 'c1', 'b2', 'a3'])
  })

  it('lets nobody through who has said nothing, and everybody else past them', () => {
    const [, a2] = joinAll('a1', 'a2') as [Named, Named]
    speak(a2)
    expect(order()).to.deep.equal(['a2'])
    expect(line.ready).to.equal(0)
    expect(waitingIn()).to.deep.equal(['a1'])
  })

  it('passes over a network that has no place, which keeps its turn', () => {
    speak(...joinAll('a1', 'b1', 'b2'))
    expect(order((network) => network !== 'a')).to.deep.equal(['b1', 'b2'])
    speak(join('b3'))
    expect(order()).to.deep.equal(['a1', 'b3'])
  })

  it('forgets who leaves, whatever they do then', () => {
    const [a1, a2] = joinAll('a1', 'a2') as [Named, Named]
    speak(a1)
    line.leave(a1)
    line.leave(a1)
    line.leave(a2)
    speak(a1, a2)
    expect(order()).to.deep.equal([])
    expect(line.ready).to.equal(0)
    expect(turnedAway).to.deep.equal([])
    expect(waitingIn()).to.deep.equal([])
  })

  describe('where there is no more room', () => {
    it('turns away who has been silent for longest, of the network that has most', () => {
      const [, , , , a3] = joinAll('b1', 'b2', 'a1', 'a2', 'a3', 'c1') as [Named, Named, Named, Named, Named]
      speak(a3)
      joinAll('c2', 'd1')
      expect(turnedAway).to.deep.equal(['a1', 'b1'])
    })

    it('turns away the last of those who have spoken, where all have', () => {
      speak(...joinAll('a1', 'a2', 'a3', 'a4', 'b1', 'b2'))
      joinAll('b3', 'a5')
      expect(turnedAway).to.deep.equal(['a4', 'a5'])
      expect(order()).to.deep.equal(['a1', 'b1', 'a2', 'b2', 'a3'])
    })

    it('never holds more, and drops nobody twice, whoever comes', () => {
      const inside = new Set<string>()
      const waiting: Named[] = []
      for (let n = 0; n < 2_000; n += 1) {
        const name = `${String.fromCharCode(97 + ((n * 7919) % 5))}${n}`
        const before = turnedAway.length
        inside.add(name)
        const joined = join(name)
        for (const gone of turnedAway.slice(before)) expect(inside.delete(gone), gone).to.equal(true)
        expect(inside.size).to.be.at.most(6)
        // Nobody has to go before there are as many as there may be.
        if (turnedAway.length > before) expect(inside.size).to.equal(6)
        waiting.push(joined)
        if (n % 3 !== 0) speak(joined)
        if (n % 7 === 0) {
          const next = line.next(() => true)
          if (next !== undefined) expect(inside.delete(next.name), next.name).to.equal(true)
        }
      }
      expect(waitingIn().toSorted()).to.deep.equal([...inside].toSorted())
      for (const each of waiting) line.leave(each)
      expect(line.ready).to.equal(0)
    })
  })

  it('turns all away when it is closed', () => {
    const [a1] = joinAll('a1', 'b1', 'a2') as [Named]
    speak(a1)
    line.clear()
    expect(turnedAway.toSorted()).to.deep.equal(['a1', 'a2', 'b1'])
    expect(waitingIn()).to.deep.equal([])
  })
})
