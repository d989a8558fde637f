import { expect } from 'chai'
import {
  LONGEST_SILENT_LOOKS,
  SHORTEST_SILENT_LOOKS,
  STAY_FACTOR,
  type StrangerPlace,
  StrangerPlaces,
} from '#lib/rpc/sockets/entrance/stranger-places.ts'

/** Somebody who has a place; what has come of them is for the test to say. */
class Guest {
  #received = 1
  readonly place: StrangerPlace

  constructor(enter: (received: () => number) => StrangerPlace) {
    this.place = enter(() => this.#received)
  }

  speak(): void {
    this.#received += 1
  }
}

describe('StrangerPlaces', () => {
  let places: StrangerPlaces
  let evicted: string[]
  let freed: number
  beforeEach(() => {
    evicted = []
    freed = 0
    places = new StrangerPlaces({ places: 6, placesPerNetwork: 4, vouchedPlaces: 2 }, () => {
      freed += 1
    })
  })

  /** Somebody of a network gets a place: `a1` is of `a`. */
  function enter(name: string): Guest {
    const onEvicted = () => void evicted.push(name)
    return new Guest((received) => places.enter(name[0] as string, { received, onEvicted }))
  }

  const enterAll = (...names: readonly string[]) => names.map(enter)

  /** Look so often, while somebody waits. */
  function look(times: number, meanwhile: () => void = () => {}): void {
    for (let count = 0; count < times; count += 1) {
      meanwhile()
      places.look(true)
    }
  }

  it('has a place for as many as there are, and for so many of a network', () => {
    enterAll('a1', 'a2', 'a3', 'a4')
    expect(places.hasPlace('a')).to.equal(false)
    expect(places.hasPlace('b')).to.equal(true)
    enterAll('b1', 'b2')
    expect(places.hasPlace('b')).to.equal(false)
  })

  it('is open while there is a place, or somebody who has to make room for another', () => {
    const [a1] = enterAll('a1', 'a2', 'a3', 'a4', 'b1') as [Guest]
    expect(places.isOpen).to.equal(true)
    enter('b2')
    expect(places.isOpen).to.equal(false)
    a1.place.vouch(true)
    expect(places.isOpen).to.equal(true)
    enter('c1')
    look(LONGEST_SILENT_LOOKS - 1)
    expect([places.isOpen, places.makeRoom('d')]).to.deep.equal([false, false])
    look(1)
    expect([places.isOpen, places.makeRoom('d'), places.size]).to.deep.equal([true, true, 5])
  })

  it('drives out nobody who has been silent for no longer than a slow way takes, however often that is asked', () => {
    enterAll('a1', 'a2', 'a3', 'a4', 'b1', 'b2')
    look(LONGEST_SILENT_LOOKS - 1)
    for (let count = 0; count < 100; count += 1) expect(places.makeRoom('c')).to.equal(false)
    expect(evicted).to.deep.equal([])
  })

  it('drives out nobody because this end does not come to look: they wait for it', () => {
    enterAll('a1', 'a2', 'a3', 'a4')
    expect(places.makeRoom('a')).to.equal(false)
    expect(evicted).to.deep.equal([])
  })

  it('has who is silent for too long make room, of the network that has most, who is silent for longest first', () => {
    const [, a1] = enterAll('b1', 'a1', 'a2', 'a3') as [Guest, Guest]
    look(1, () => a1.speak())
    look(LONGEST_SILENT_LOOKS)
    expect(places.makeRoom('c')).to.equal(true)
    expect(evicted).to.deep.equal(['a2'])
    expect(places.hasPlace('c')).to.equal(true)
    expect(freed).to.equal(1)
  })

  it('has one of the same network make room where that may have no more', () => {
    enterAll('b1', 'b2', 'a1', 'a2', 'a3', 'a4')
    look(LONGEST_SILENT_LOOKS)
    expect(places.makeRoom('a')).to.equal(true)
    expect(evicted).to.deep.equal(['a1'])
  })

  it('keeps who has just come beside those who say nothing', () => {
    enterAll('a1', 'a2', 'a3')
    look(LONGEST_SILENT_LOOKS - 1)
    enter('b1')
    look(1)
    for (let count = 0; count < 3; count += 1) expect(places.makeRoom('c')).to.equal(true)
    expect(places.makeRoom('c')).to.equal(false)
    expect(evicted).to.deep.equal(['a1', 'a2', 'a3'])
  })

  it('keeps who goes on, and not for ever: a byte now and then is no progress', () => {
    const [a1] = enterAll('a1') as [Guest]
    look(STAY_FACTOR * LONGEST_SILENT_LOOKS - 1, () => a1.speak())
    expect(places.makeRoom('b')).to.equal(false)
    look(1, () => a1.speak())
    expect(places.makeRoom('b')).to.equal(true)
  })

  it('waits for ever shorter for each who has to make room, and longer for each who is let in', () => {
    const crowd = Array.from({ length: 100 }, (_, n) => n)
    places = new StrangerPlaces({ places: 100, placesPerNetwork: 100, vouchedPlaces: 2 }, () => {})
    for (const n of crowd) enter(`a${n}`)
    look(LONGEST_SILENT_LOOKS)
    for (const _ of crowd) expect(places.makeRoom('b')).to.equal(true)
    expect(places.silentLooks).to.equal(SHORTEST_SILENT_LOOKS)
    for (const n of crowd) enter(`b${n}`).place.letIn()
    expect(places.silentLooks).to.equal(LONGEST_SILENT_LOOKS)
  })

  it('waits no shorter for those who make room for their own network: a crowd may be slow itself', () => {
    places = new StrangerPlaces({ places: 100, placesPerNetwork: 100, vouchedPlaces: 2 }, () => {})
    for (let n = 0; n < 100; n += 1) enter(`a${n}`)
    look(LONGEST_SILENT_LOOKS)
    for (let n = 0; n < 100; n += 1) expect(places.makeRoom('a')).to.equal(true)
    expect(places.silentLooks).to.equal(LONGEST_SILENT_LOOKS)
  })

  it('waits as long as before where one in two is let in', () => {
    for (let count = 0; count < 50; count += 1) {
      enter('a1')
      look(LONGEST_SILENT_LOOKS)
      places.makeRoom('b')
      enter('b1').place.letIn()
    }
    expect(places.silentLooks).to.equal(LONGEST_SILENT_LOOKS)
  })

  it('forgets in time what was, once nobody waits', () => {
    for (let count = 0; count < 100; count += 1) {
      enter('a1')
      look(LONGEST_SILENT_LOOKS)
      places.makeRoom('b')
    }
    expect(places.silentLooks).to.equal(SHORTEST_SILENT_LOOKS)
    for (let count = 0; count < LONGEST_SILENT_LOOKS; count += 1) places.look(false)
    expect(places.silentLooks).to.equal(LONGEST_SILENT_LOOKS)
  })

  it('keeps who is vouched for, beside as many others as ever', () => {
    const [a1, a2] = enterAll('a1', 'a2', 'a3', 'a4') as [Guest, Guest]
    a1.place.vouch(true)
    a2.place.vouch(true)
    expect(places.hasPlace('a')).to.equal(true)
    look(10 * LONGEST_SILENT_LOOKS)
    while (places.makeRoom('b'));
    expect(evicted).to.deep.equal(['a3', 'a4'])
  })

  it('leaves those among the others for whom there is no room beside them', () => {
    for (const { place } of enterAll('a1', 'a2', 'a3')) place.vouch(true)
    look(LONGEST_SILENT_LOOKS)
    while (places.makeRoom('b'));
    expect(evicted).to.deep.equal(['a3'])
  })

  it('has who is vouched for no longer leave, where all places are taken meanwhile', () => {
    const { place } = enter('a1')
    place.vouch(true)
    enterAll('a2', 'a3', 'a4', 'a5')
    place.vouch(false)
    expect(evicted).to.deep.equal(['a1'])
    expect(places.size).to.equal(4)
  })

  it('has a place free for each who leaves, once', () => {
    const [a1] = enterAll('a1', 'a2', 'a3', 'a4') as [Guest]
    a1.place.leave()
    a1.place.leave()
    expect(places.size).to.equal(3)
    expect(freed).to.equal(1)
  })
})
