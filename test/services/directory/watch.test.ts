import { expect } from 'chai'
import { Watch } from '../../../services/directory/watch.ts'
import { pendingStates } from '../../support/pending-states.ts'

describe('Watch', () => {
  const watchOf = (...usernames: string[]) => new Watch(usernames, () => {})

  it('tells the first state of each name, whatever it is', async () => {
    const watch = watchOf('alice', 'bob')
    watch.note('bob', true)
    watch.note('alice', false)
    expect(await pendingStates(watch)).to.deep.equal(['bob online', 'alice offline'])
  })

  it('does not tell what it has told', async () => {
    const watch = watchOf('bob')
    watch.note('bob', true)
    await pendingStates(watch)
    watch.note('bob', true)
    expect(await pendingStates(watch)).to.deep.equal([])
  })

  it('tells each change to whoever is quick', async () => {
    const watch = watchOf('bob')
    for (const online of [false, true, false]) {
      watch.note('bob', online)
      expect(await pendingStates(watch)).to.deep.equal([online ? 'bob online' : 'bob offline'])
    }
  })

  it('tells the last of many changes to whoever is slow, and nothing where they come to nothing', async () => {
    const watch = watchOf('alice', 'bob')
    watch.note('alice', false)
    watch.note('bob', false)
    await pendingStates(watch)
    for (let change = 0; change < 1_001; change++) watch.note('bob', change % 2 === 0)
    for (let change = 0; change < 1_000; change++) watch.note('alice', change % 2 === 0)
    expect(await pendingStates(watch)).to.deep.equal(['bob online'])
  })

  it('wakes a reader that waits', async () => {
    const watch = watchOf('bob')
    const state = watch.states(new AbortController().signal).next()
    watch.note('bob', true)
    expect((await state).value).to.deep.equal([{ username: 'bob', online: true }])
  })

  it('lets a reader go that waits, and the next one go on', async () => {
    const watch = watchOf('bob')
    const until = new AbortController()
    const state = watch.states(until.signal).next()
    until.abort()
    expect((await state).done).to.equal(true)
    watch.note('bob', true)
    expect(await pendingStates(watch)).to.deep.equal(['bob online'])
  })

  it('lets a reader go though there is always more to tell', async () => {
    const watch = watchOf('bob')
    const until = new AbortController()
    let told = 0
    watch.note('bob', true)
    for await (const [state] of watch.states(until.signal)) {
      if (++told === 10) until.abort()
      watch.note('bob', !state?.online)
    }
    expect(told).to.equal(10)
  })

  it('names those it watches once each', () => {
    expect([...watchOf('bob', 'alice', 'bob').usernames]).to.deep.equal(['bob', 'alice'])
  })
})
