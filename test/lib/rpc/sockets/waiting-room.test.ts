import { expect } from 'chai'
import { type Place, WaitingRoom } from '#lib/rpc/sockets/waiting-room.ts'

describe('WaitingRoom', () => {
  let room: WaitingRoom
  let evicted: string[]
  beforeEach(() => {
    room = new WaitingRoom({ places: 6, placesPerNetwork: 3, vouchedPlaces: 5 })
    evicted = []
  })

  /** Somebody of a network: `a1` is of `a`. */
  const enter = (name: string): Place | undefined => room.enter(name[0] as string, () => void evicted.push(name))

  const enterAll = (...names: readonly string[]) => names.map(enter)

  it('has whoever has waited longest of a network make room for another of it', () => {
    enterAll('a1', 'b1', 'a2', 'a3', 'a4', 'a5')
    expect(evicted).to.deep.equal(['a1', 'a2'])
  })

  it('has one of the fullest network make room where all is full', () => {
    enterAll('b1', 'c1', 'a1', 'a2', 'a3', 'd1', 'e1', 'f1')
    expect(evicted).to.deep.equal(['a1', 'a2'])
  })

  it('lets one in for each who leaves', () => {
    const [a1] = enterAll('a1', 'a2', 'a3')
    a1?.leave()
    a1?.leave()
    enterAll('a4')
    expect(evicted).to.deep.equal([])
    enterAll('a5')
    expect(evicted).to.deep.equal(['a2'])
  })

  it('keeps those who are vouched for, beside as many others as ever', () => {
    for (const place of enterAll('a1', 'a2', 'a3', 'b1', 'b2')) place?.vouch(true)
    enterAll('a4', 'a5', 'a6', 'b3', 'b4', 'b5')
    expect(evicted).to.deep.equal([])
    enterAll('a7', 'c1')
    expect(evicted).to.deep.equal(['a4', 'a5'])
  })

  it('leaves those among the others for whom there is no room beside them', () => {
    const places = enterAll('a1', 'a2', 'b1', 'b2', 'b3', 'c1')
    for (const place of places) place?.vouch(true)
    enterAll('c2', 'c3', 'c4')
    expect(evicted).to.deep.equal(['c1'])
    places[0]?.leave()
    places[0]?.vouch(true)
    places[1]?.vouch(false)
    enterAll('a3', 'a4', 'a5')
    expect(evicted).to.deep.equal(['c1', 'a2'])
  })

  it('has nobody leave who has only just come, where there is a time for that, and turns away who comes then', () => {
    room = new WaitingRoom({ places: 3, placesPerNetwork: 2, vouchedPlaces: 0, graceMs: 60_000 })
    const [a1] = enterAll('a1', 'a2')
    expect(enter('a3')).to.equal(undefined)
    enterAll('b1')
    expect(enter('c1')).to.equal(undefined)
    a1?.leave()
    expect(enter('c1')).to.not.equal(undefined)
    expect(evicted).to.deep.equal([])
  })

  it('never holds more than it has places, whoever comes', () => {
    const inside = new Set<number>()
    for (let n = 0; n < 2_000; n += 1) {
      const network = String((n * 7919) % 13)
      const place = room.enter(network, () => inside.delete(n))
      inside.add(n)
      if (n % 5 === 0) place?.vouch(true)
      if (n % 3 === 0) {
        place?.leave()
        inside.delete(n)
      }
      expect(inside.size).to.be.at.most(6 + 5)
    }
  })
})
