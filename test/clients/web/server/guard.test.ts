import { expect } from 'chai'
import { type Asked, refusalOf } from '../../../../clients/web/server/guard.ts'

const HOSTS = new Set(['127.0.0.1:8000', '[::1]:8000', 'localhost:8000'])
const CALL: Asked = {
  method: 'POST',
  url: '/sotto.agent.v1.AgentService/Send',
  headers: {
    host: '127.0.0.1:8000',
    origin: 'http://127.0.0.1:8000',
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/grpc-web+proto',
  },
}

/** The status for a call with other headers; 200 where it is let through. */
function statusOf(headers: Record<string, string | undefined>, method = 'POST', url = CALL.url): number {
  return refusalOf({ method, url, headers: { ...CALL.headers, ...headers } }, HOSTS)?.status ?? 200
}

describe('refusalOf', () => {
  it('lets the page’s own calls through, by each of its names', () => {
    expect(statusOf({})).to.equal(200)
    for (const host of HOSTS) expect(statusOf({ host, origin: `http://${host}` })).to.equal(200)
  })

  it('refuses every other name, as one that was bound anew to this machine', () => {
    for (const host of [
      'evil.example:8000',
      '127.0.0.1',
      '127.0.0.1:8001',
      'localhost.evil.example:8000',
      '',
      undefined,
    ]) {
      expect(statusOf({ host, origin: `http://${host}` }), host).to.equal(421)
      expect(statusOf({ host }, 'GET', '/'), host).to.equal(421)
    }
  })

  it('refuses calls from another port of this machine, from elsewhere, and from nowhere', () => {
    for (const origin of [
      'http://127.0.0.1:8001',
      'http://localhost:8000',
      'https://127.0.0.1:8000',
      'null',
      undefined,
    ]) {
      expect(statusOf({ origin }), origin).to.equal(403)
    }
  })

  it('refuses calls that a browser does not call the page’s own', () => {
    for (const site of ['cross-site', 'same-site', 'none', undefined]) {
      expect(statusOf({ 'sec-fetch-site': site }), site).to.equal(403)
    }
  })

  it('refuses what a form can send', () => {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', 'application/json']) {
      expect(statusOf({ 'content-type': type }), type).to.equal(415)
    }
    expect(statusOf({ 'content-type': undefined })).to.equal(415)
  })

  it('refuses every other method, a preflight among them', () => {
    for (const method of ['OPTIONS', 'PUT', 'DELETE', 'TRACE', 'CONNECT', 'PATCH']) {
      expect(statusOf({}, method), method).to.equal(405)
    }
  })

  it('gives the page to whoever opens it, and its pieces to the page alone', () => {
    const navigating = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const from = (site: string | undefined, more = {}) => ({ origin: undefined, 'sec-fetch-site': site, ...more })
    expect(statusOf(from('none', navigating), 'GET', '/')).to.equal(200)
    expect(statusOf(from('cross-site', navigating), 'GET', '/')).to.equal(200)
    expect(statusOf(from('same-origin'), 'GET', '/page/main.ts')).to.equal(200)
    expect(statusOf(from(undefined), 'GET', '/page/main.ts')).to.equal(200)
    expect(statusOf(from('cross-site', { 'sec-fetch-dest': 'script' }), 'GET', '/page/main.ts')).to.equal(403)
    expect(statusOf(from('cross-site', { ...navigating, 'sec-fetch-dest': 'iframe' }), 'GET', '/')).to.equal(403)
    expect(statusOf(from('same-site', { 'sec-fetch-dest': 'image' }), 'GET', '/')).to.equal(403)
  })

  it('gives the page of a demo to a frame, and nothing else of it to anybody else', () => {
    const inFrame = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
    const status = (changes: Record<string, string>, url = '/') => {
      const headers = { host: '127.0.0.1:8000', ...inFrame, ...changes }
      return refusalOf({ method: 'GET', url, headers }, HOSTS, true)?.status ?? 200
    }
    expect(status({})).to.equal(200)
    expect(status({ 'sec-fetch-dest': 'script' })).to.equal(403)
    expect(status({ 'sec-fetch-dest': 'object' })).to.equal(403)
    expect(status({}, '/page/main.ts')).to.equal(403)
    expect(status({ host: 'evil.example:8000' })).to.equal(421)
  })
})
