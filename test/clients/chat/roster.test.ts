import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { Roster } from '../../../clients/chat/roster.ts'
import type { Person } from '../../../clients/session/roster.ts'
import { rejection } from '../../support/rejection.ts'

const PAGE = 200

/** A roster of u0001, u0002 and so on, that may be turned off, and what a view is told of it. */
class Listed {
  readonly shown: [names: string[], isComplete: boolean][] = []
  completed: readonly string[] = []
  asked = 0
  isOff = false
  readonly roster: Roster

  constructor(count: number) {
    const all = Array.from({ length: count }, (_, index) => `u${String(index + 1).padStart(4, '0')}`)
    const list = async function* (this: Listed, prefix: string): AsyncGenerator<Person[]> {
      const found = all.filter((name) => name.startsWith(prefix))
      for (let start = 0; start === 0 || start < found.length; start += PAGE) {
        this.asked += 1
        if (this.isOff) throw new SottoError('ERR_TURNED_OFF', 'off')
        yield found.slice(start, start + PAGE).map((name) => ({ name, displayName: '', isOnline: false }))
      }
    }
    const view = {
      people: (people: readonly Person[], isComplete: boolean) =>
        void this.shown.push([people.map(({ name }) => name), isComplete]),
      completeNames: (names: readonly string[]) => {
        this.completed = names
      },
    }
    this.roster = new Roster({ view, ownName: 'u0002', list: list.bind(this) })
  }
}

describe('Roster', () => {
  it('learns the names for Tab once, less the own', async () => {
    const listed = new Listed(3)
    await listed.roster.load()
    await listed.roster.load()
    expect([listed.completed, listed.asked]).to.deep.equal([['u0001', 'u0003'], 1])
  })

  it('learns no more than a thousand, and asks for no more', async () => {
    const listed = new Listed(5_000)
    await listed.roster.load()
    expect([listed.completed.length, listed.asked]).to.deep.equal([1_000, 6])
  })

  it('shows fifty at most, and says whether that is all', async () => {
    const listed = new Listed(60)
    await listed.roster.show('')
    await listed.roster.show('u006')
    expect(listed.shown.map(([names, isComplete]) => [names.length, isComplete])).to.deep.equal([
      [50, false],
      [1, true],
    ])
  })

  it('leaves Tab to the contacts where the host shows nobody, and says so to who asks', async () => {
    const listed = new Listed(3)
    listed.isOff = true
    await listed.roster.load()
    expect(listed.completed).to.deep.equal([])
    expect((await rejection(listed.roster.show(''))).code).to.equal('ERR_TURNED_OFF')
    expect((await rejection(listed.roster.show('A b'))).code).to.equal('ERR_USAGE')
    listed.isOff = false
    await listed.roster.load()
    expect(listed.completed).to.have.length(2)
  })
})
