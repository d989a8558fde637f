import { expect } from 'chai'
import { HeldPictures } from '../../../../clients/web/page/conversation/held-pictures.ts'

describe('the pictures that the page holds', () => {
  let released: string[]
  let fetched: string[]
  let held: HeldPictures
  beforeEach(() => {
    released = []
    fetched = []
    held = new HeldPictures(3, (address) => void released.push(address))
  })

  const draw = (...ids: readonly string[]) => ids.map((id) => held.draw(id, () => void fetched.push(id)))
  const add = (...ids: readonly string[]) => {
    for (const id of ids) held.add(id, `blob:${id}`)
  }

  it('are fetched once, however often they are drawn, before they are there and after', () => {
    expect(draw('a', 'b', 'c', 'a', 'b', 'c')).to.deep.equal(Array(6).fill(undefined))
    add('b', 'a', 'c')
    for (let count = 0; count < 5; count += 1) expect(draw('a', 'b', 'c')).to.deep.equal(['blob:a', 'blob:b', 'blob:c'])
    expect([fetched, released]).to.deep.equal([['a', 'b', 'c'], []])
  })

  it('are not fetched again where they are none', () => {
    draw('a')
    draw('a')
    expect(fetched).to.deep.equal(['a'])
  })

  it('go when others are drawn, the one first that was drawn longest ago', () => {
    draw('a', 'b', 'c')
    add('a', 'b', 'c')
    draw('a', 'd')
    expect(released).to.deep.equal(['blob:b'])
    draw('e')
    expect(released).to.deep.equal(['blob:b', 'blob:c'])
    expect(draw('a', 'b')).to.deep.equal(['blob:a', undefined])
    expect(fetched).to.deep.equal(['a', 'b', 'c', 'd', 'e', 'b'])
  })

  it('go where they were fetched twice', () => {
    draw('a')
    held.add('a', 'blob:1')
    held.add('a', 'blob:2')
    expect([released, draw('a')]).to.deep.equal([['blob:1'], ['blob:2']])
  })

  it('are bounded, too, where one comes that nobody draws any more', () => {
    draw('a', 'b', 'c', 'd')
    add('a')
    add('b')
    expect(draw('a', 'b')).to.deep.equal(['blob:a', 'blob:b'])
    draw('c', 'd', 'e')
    expect(released).to.deep.equal(['blob:a', 'blob:b'])
  })
})
