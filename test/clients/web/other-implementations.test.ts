import { expect } from 'chai'
import { connectWeb, type ForeignClient, niceGrpcWeb } from '../../support/grpc-web-clients.ts'
import { Installation } from '../../support/installation.ts'
import { WebPage } from '../../support/web-page.ts'

/** The status of gRPC by which a request is refused that breaks a limit. */
const INVALID_ARGUMENT = 3

describe('the page’s server, called by other implementations of gRPC-Web', function () {
  this.timeout(20_000)
  let installation: Installation
  let page: WebPage
  let bearer: string
  before(async () => {
    installation = await Installation.start('alice', 'bob')
    page = await WebPage.open(installation, 'alice')
    bearer = (await page.follow()).body.toString()
  })
  after(async () => {
    await page[Symbol.asyncDispose]()
    await installation[Symbol.asyncDispose]()
  })

  for (const [name, create, details] of [
    ['nice-grpc-web', niceGrpcWeb, []],
    ['Connect', connectWeb, ['google.rpc.ErrorInfo', 'google.rpc.BadRequest']],
  ] as const) {
    describe(name, () => {
      let client: ForeignClient
      before(() => {
        const { origin } = page.address
        client = create({
          origin,
          headers: { authorization: `Bearer ${bearer}`, origin, 'sec-fetch-site': 'same-origin' },
        })
      })

      it('is answered', async () => {
        expect(await client.username()).to.equal('alice')
      })

      it('is told why it is refused', async () => {
        expect(await client.refusalOf('Bob')).to.deep.equal({ code: INVALID_ARGUMENT, details })
      })

      it('watches, and stops', async () => {
        const stop = new AbortController()
        const seen: (string | undefined)[] = []
        let ended: unknown
        try {
          for await (const kind of client.watch(stop.signal)) {
            seen.push(kind)
            stop.abort()
          }
        } catch (error) {
          ended = error
        }
        expect([seen[0], ended instanceof Error]).to.deep.equal(['begun', true])
      })
    })
  }
})
