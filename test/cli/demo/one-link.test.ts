import { expect } from 'chai'
import { OneLink } from '../../../cli/demo/stage/one-link.ts'

describe('OneLink', () => {
  it('lets in whoever comes first with its token, and nobody else', async () => {
    const link = new OneLink()
    expect(await link.redeem('A'.repeat(43))).to.equal(undefined)
    const bearer = (await link.redeem(link.token)) ?? ''
    expect(await link.redeem(link.token)).to.equal(undefined)
    expect([link.knows(bearer), link.knows(link.token), link.knows('')]).to.deep.equal([true, false, false])
  })
})
