import { expect } from 'chai'
import { follow } from '../../../../clients/web/page/client/events.ts'
import { PageClient } from '../../../support/page-client.ts'

describe('follow', () => {
  let client: PageClient
  beforeEach(() => {
    client = new PageClient({})
  })
  afterEach(() => client[Symbol.asyncDispose]())

  it('watches again after what takes the events has failed', async () => {
    const taken: string[] = []
    const mistake = new TypeError('a mistake')
    const lost = Promise.withResolvers<string>()
    follow(({ $case }) => {
      taken.push($case)
      throw mistake
    }, lost.resolve)
    await client.watched()
    client.tell({ $case: 'begun', value: { online: true, endpoints: [], reason: '' } })
    expect(await lost.promise).to.equal('lost')
    await client.watched()
    expect([taken, client.reported]).to.deep.equal([['begun'], [mistake]])
  })
})
