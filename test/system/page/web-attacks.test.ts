/**
 * Attacks on the page of `sotto web`, in a real browser: what another user of the machine can serve on a port of their own,
 * and what a web page from anywhere can try while the page is open.
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { AgentClient } from '../../support/agent-client.ts'
import { type Browser, type Context, launchBrowser, type Page } from '../../support/browser.ts'
import { Installation } from '../../support/installation.ts'
import { WebPage } from '../../support/web-page.ts'

const SOON_MS = 30_000

/** A name that its owner points to this machine, once the browser has loaded a page of it. */
const REBOUND = 'rebound.example'

const SEND = '/sotto.agent.v1.AgentService/Send'

describe('attacks on the page, in a browser', function () {
  this.timeout(300_000)
  let installation: Installation
  let served: WebPage
  let browser: Browser
  let context: Context
  let own: Page
  let hostile: Page
  let attacker: Server
  /** What the attacker's server was sent, with the page open in the same browser. */
  const seen: IncomingHttpHeaders[] = []
  let victim: string

  before(async function () {
    const launched = await launchBrowser(`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`)
    if (launched === undefined) {
      this.test?.parent?.eachTest((test) => {
        test.title += ' (there is no chromium here)'
      })
      this.skip()
    }
    browser = launched
    installation = await Installation.start('alice', 'bob')
    served = await WebPage.open(installation, 'alice')
    victim = served.address.origin
    context = await browser.newContext({ viewport: { width: 900, height: 600 }, locale: 'en-GB' })
    own = await context.newPage()
    await own.goto(served.links[0] ?? '')
    await own.waitForSelector('.me', { timeout: SOON_MS })
    attacker = createServer((request, response) => {
      seen.push(request.headers)
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>hostile</title>')
    }).listen(0, '127.0.0.1')
    await once(attacker, 'listening')
    hostile = await context.newPage()
    await hostile.goto(`http://127.0.0.1:${(attacker.address() as AddressInfo).port}/`)
  })
  after(async () => {
    await browser?.close()
    attacker?.close()
    await served?.[Symbol.asyncDispose]()
    await installation?.[Symbol.asyncDispose]()
  })

  /** Run something on the attacker's page. @returns what became of it. */
  const attempt = (script: string) => hostile.evaluate<string>(`new Promise((resolve) => { ${script} })`)

  async function expectNothingSaid(): Promise<void> {
    using agent = AgentClient.of(installation.home, 'alice')
    expect((await agent.call('listConversations')).conversations).to.deep.equal([])
  }

  it('get no answer of a call, with a preflight or without, not even one that they cannot read', async () => {
    for (const [type, mode] of [
      ['application/grpc-web+proto', 'cors'],
      ['text/plain', 'cors'],
      ['text/plain', 'no-cors'],
    ] as const) {
      const headers = `{ 'content-type': '${type}' }`
      const request = `{ method: 'POST', mode: '${mode}', credentials: 'include', headers: ${headers}, body: 'x' }`
      const became = await attempt(
        `fetch('${victim}${SEND}', ${request}).then(({ type }) => resolve(type), () => resolve('failed'))`,
      )
      expect(became, `${type} ${mode}`).to.equal('failed')
    }
    await expectNothingSaid()
  })

  it('come to nothing by a form', async () => {
    await attempt(`
      const frame = Object.assign(document.createElement('iframe'), { name: 'to' })
      const form = Object.assign(document.createElement('form'), { method: 'post', target: 'to', action: '${victim}${SEND}', enctype: 'text/plain' })
      form.append(Object.assign(document.createElement('input'), { name: 'x', value: 'y' }))
      document.body.append(frame, form)
      frame.onload = () => resolve('loaded')
      form.submit()`)
    await expectNothingSaid()
  })

  it('open no WebSocket', async () => {
    const became = await attempt(`
      const socket = new WebSocket('${victim.replace('http', 'ws')}${SEND}')
      socket.onopen = () => resolve('open')
      socket.onerror = () => resolve('failed')`)
    expect(became).to.equal('failed')
  })

  it('show the page in no frame', async () => {
    await attempt(`
      const frame = Object.assign(document.createElement('iframe'), { src: '${victim}/', onload: () => resolve('loaded') })
      document.body.append(frame)`)
    const framed = hostile.frames().map((frame) => frame.url())
    expect(framed).to.include('chrome-error://chromewebdata/')
    expect(framed.filter((url) => url.startsWith(victim))).to.deep.equal([])
  })

  it('hold no handle on a window of it', async () => {
    const became = await attempt(`
      const opened = open('${victim}/')
      const look = () => (opened.closed ? resolve('cut') : setTimeout(look, 20))
      look()`)
    expect(became).to.equal('cut')
  })

  it('load no piece of it', async () => {
    const index = (await served.ask('/', { origin: undefined, 'content-type': undefined }, undefined, 'GET')).body
    const script = /<script type="module" src="([^"]+)"/.exec(index.toString())?.[1] ?? ''
    const icon = /<link rel="icon"[^>]* href="([^"]+)"/.exec(index.toString())?.[1] ?? ''
    const load = (element: string, path: string) =>
      attempt(`
        const piece = Object.assign(document.createElement('${element}'), {
          src: '${victim}${path}', onload: () => resolve('loaded'), onerror: () => resolve('failed')
        })
        document.body.append(piece)`)
    expect(await load('script', script)).to.equal('failed')
    expect(await load('img', icon)).to.equal('failed')
  })

  it('are given nothing by the browser that lets them in', () => {
    expect(seen).not.to.be.empty
    for (const headers of seen) {
      expect(headers).to.not.have.any.keys('cookie', 'authorization')
      expect(headers.referer ?? '').to.not.include(victim)
    }
  })

  it('come to nothing by a name that was bound anew to this machine', async () => {
    const page = await context.newPage()
    const answer = await page.goto(`http://${REBOUND}:${served.address.port}/`)
    expect(answer?.status()).to.equal(421)
    await page.close()
  })

  it('come to nothing by a link that was followed already', async () => {
    const page = await (await browser.newContext({ viewport: { width: 900, height: 600 }, locale: 'en-GB' })).newPage()
    await page.goto(served.links[0] ?? '')
    await page.locator('.cover', { hasText: 'needs a link of its own' }).waitFor({ timeout: SOON_MS })
    await page.close()
  })

  it('have left the page as it was', async () => {
    await own.fill('input[type=search]', 'bob')
    await own.locator('nav a', { hasText: 'bob' }).first().waitFor({ timeout: SOON_MS })
  })
})
