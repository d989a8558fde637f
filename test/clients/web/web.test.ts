import { existsSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { delimiter, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import {
  GetProfileResponse,
  ListMessagesRequest,
  ListMessagesResponse,
  SendRequest,
} from '#gen/sotto/agent/v1/agent_service.ts'
import { AGENT_LIMITS } from '#lib/rpc/limits.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import { CHAT_PAGE, readPageFiles } from '../../../clients/web/server/page-files.ts'
import { Installation } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { type Answered, WebPage } from '../../support/web-page.ts'

const SERVICE = '/sotto.agent.v1.AgentService'
const PREFIX_BYTES = 5

/** What a browser fetches for the page, at most, compressed. */
const MAX_PAGE_BYTES = 150_000

/** A request as gRPC-Web frames it. */
function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** The frames of an answer: the messages, and the text of the trailers. */
function framesOf({ body }: Answered): { messages: Buffer[]; trailers: string } {
  const messages: Buffer[] = []
  let trailers = ''
  for (let at = 0; at < body.length; ) {
    const end = at + PREFIX_BYTES + body.readUInt32BE(at + 1)
    const content = body.subarray(at + PREFIX_BYTES, end)
    if ((body[at] ?? 0) & 0x80) trailers = content.toString('latin1')
    else messages.push(content)
    at = end
  }
  return { messages, trailers }
}

describe('sotto web', function () {
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

  const call = (method: string, message: Uint8Array, headers = {}) =>
    page.ask(`${SERVICE}/${method}`, { authorization: `Bearer ${bearer}`, ...headers }, framed(message))

  it('carries calls to the client, byte for byte', async () => {
    const answered = await call('GetProfile', Buffer.alloc(0))
    expect(answered.status).to.equal(200)
    const { messages, trailers } = framesOf(answered)
    expect(messages.map((message) => GetProfileResponse.decode(message).username)).to.deep.equal(['alice'])
    expect(trailers).to.match(/^grpc-status: 0\r\n/)
    const refused = framesOf(await call('Send', SendRequest.encode({ contact: 'Bob', text: 'x' }).finish()))
    expect(refused.messages).to.deep.equal([])
    expect(refused.trailers)
      .to.match(/grpc-status: 3\r\n/)
      .and.include('grpc-status-details-bin: ')
  })

  it('listens on loopback alone', () => {
    expect(page.address.hostname).to.equal('127.0.0.1')
    expect(page.address.port).to.match(/^\d+$/)
  })

  describe('lets nobody in', () => {
    it('without a bearer, or with another', async () => {
      for (const authorization of [
        undefined,
        'Bearer ',
        `Bearer ${'A'.repeat(43)}`,
        `Basic ${bearer}`,
        `Link ${bearer}`,
      ]) {
        expect((await call('GetProfile', Buffer.alloc(0), { authorization })).status, authorization).to.equal(401)
      }
    })

    it('by a link that was used, made up, or cut', async () => {
      await page.follow()
      expect((await page.follow()).status).to.equal(401)
      const path = join(installation.home.path, 'profiles', 'alice', 'profile.sealed')
      const before = await readFile(path)
      for (const token of ['', 'A'.repeat(43), page.tokenOf(), page.tokenOf().slice(1)]) {
        const headers = { 'content-type': 'application/x-sotto-link', authorization: `Link ${token}` }
        expect((await page.ask('/session', headers)).status, token).to.equal(401)
      }
      // Whoever tries has nothing written.
      expect((await readFile(path)).equals(before)).to.equal(true)
    })

    it('from another port, by another name, or by a form, with the right bearer', async () => {
      const status = async (headers: object) => (await call('GetProfile', Buffer.alloc(0), headers)).status
      expect(await status({ origin: 'http://127.0.0.1:1' })).to.equal(403)
      expect(await status({ host: `evil.example:${page.address.port}` })).to.equal(421)
      expect(await status({ 'content-type': 'application/x-www-form-urlencoded' })).to.equal(415)
      expect(await status({ 'sec-fetch-site': 'cross-site' })).to.equal(403)
    })

    it('by a preflight, and never allows one', async () => {
      const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
      const answered = await page.ask(`${SERVICE}/Send`, headers, undefined, 'OPTIONS')
      expect(answered.status).to.equal(405)
      expect(Object.keys(answered.headers).filter((name) => name.startsWith('access-control'))).to.deep.equal([])
    })

    it('to another protocol', async () => {
      const { hostname, port, host } = page.address
      const socket = createConnection(Number(port), hostname)
      const closed = new Promise<string>((resolve) => {
        let text = ''
        socket
          .on('data', (bytes) => (text += bytes))
          .on('close', () => resolve(text))
          .on('error', () => {})
      })
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
      )
      expect(await closed).to.equal('')
    })

    it('to another service, or another path', async () => {
      for (const path of [
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        `${SERVICE}/../x`,
        '/',
        '/session',
      ]) {
        const { status } = await page.ask(path, { authorization: `Bearer ${bearer}` }, framed(Buffer.alloc(0)))
        expect([401, 404], path).to.include(status)
      }
    })
  })

  it('sets no cookie, and forbids what a page does not need', async () => {
    for (const path of ['/', '/nothing']) {
      const { headers } = await page.ask(path, { origin: undefined, 'content-type': undefined }, undefined, 'GET')
      expect(headers).to.not.have.property('set-cookie')
      expect(headers).to.include({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      })
      const policy = headers['content-security-policy'] as string
      for (const part of [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
      ]) {
        expect(policy.split('; ')).to.include(part)
      }
      expect(policy).to.not.include('unsafe')
    }
  })

  it('gives its files by addresses with their hashes, for good', async () => {
    const get = (path: string) => page.ask(path, { origin: undefined, 'content-type': undefined }, undefined, 'GET')
    const index = (await get('/')).body.toString()
    const found = [...index.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(found).to.have.length.above(20)
    for (const path of found) {
      const { status, headers } = await get(path)
      expect(status, path).to.equal(200)
      expect(headers['cache-control'], path).to.include('immutable')
    }
    expect((await get('/page/../../../package.json')).status).to.equal(404)
    expect((await get('/clients/web/web.ts')).status).to.equal(404)
  })

  it('is at most 150 KB over the wire', () => {
    const { index, files } = readPageFiles(CHAT_PAGE)
    const sizes = [index, ...files.values()].map(({ body }) => gzipSync(body).length)
    expect(sizes.reduce((sum, size) => sum + size)).to.be.below(MAX_PAGE_BYTES)
  })

  it('refuses a request that is too large, or of no known size, before it is read', async () => {
    const length = String(AGENT_LIMITS.maxReceiveBytes + PREFIX_BYTES + 1)
    const headers = { authorization: `Bearer ${bearer}`, 'content-length': length, expect: '100-continue' }
    const refused = await page.ask(`${SERVICE}/Send`, headers).catch((error) => error)
    expect(refused.status).to.equal(413)
    const chunked = { authorization: `Bearer ${bearer}`, 'content-length': undefined, 'transfer-encoding': 'chunked' }
    expect((await page.ask(`${SERVICE}/Send`, chunked)).status).to.equal(411)
  })

  it('has another link when it is said again, which serves once', async () => {
    // One that was killed has left a link in a file.
    const left = join(installation.home.path, 'profiles', 'alice', 'open-4194305-0123456789ab.html')
    await writeFile(left, 'a link')
    const again = new WebPage(installation, 'alice')
    await again.done
    const [link] = again.links
    expect(new URL(link ?? '').host).to.equal(page.address.host)
    expect((await page.follow(link)).status).to.equal(200)
    expect((await page.follow(link)).status).to.equal(401)
    expect(existsSync(left)).to.equal(false)
  })

  it('tells of what was asked for of the page that is there already, and is not so', async () => {
    await using same = await WebPage.open(installation, 'alice', { port: Number(page.address.port) })
    await using other = await WebPage.open(installation, 'alice', { port: 1, hostNames: ['localhost:8443'] })
    await Promise.all([same.done, other.done])
    expect([same.address.port, other.address.port]).to.deep.equal([page.address.port, page.address.port])
    expect([same.notices, other.notices]).to.deep.equal([
      [],
      [
        'the page of this profile is there already: a link to it as it is, without --port 1 and --host-name localhost:8443',
      ],
    ])
  })

  it('leads a browser to the page of another process, and stays until it is there', async () => {
    const folder = await temporaryFolder()
    const { PATH } = process.env
    const told = join(folder.path, 'told')
    for (const name of ['xdg-open', 'open']) {
      const script = `#!/bin/sh\ncat "$1" > ${told}.new; mv ${told}.new ${told}\n`
      await writeFile(join(folder.path, name), script, { mode: 0o755 })
    }
    process.env['PATH'] = `${folder.path}${delimiter}${PATH}`
    try {
      let isDone = false
      const again = new WebPage(installation, 'alice', { open: true })
      const done = again.done.finally(() => {
        isDone = true
      })
      while (!existsSync(told)) await new Promise((resolve) => setImmediate(resolve))
      expect(isDone).to.equal(false)
      const [, link] = /url=([^"]+)"/.exec(await readFile(told, 'utf8')) ?? []
      expect((await page.follow(link)).status).to.equal(200)
      await done
    } finally {
      process.env['PATH'] = PATH
      await folder[Symbol.asyncDispose]()
    }
    const left = await readdir(join(installation.home.path, 'profiles', 'alice'))
    expect(left.filter((name) => name.startsWith('open-'))).to.deep.equal([])
  })

  it('keeps of links and bearers what nobody can use, and sealed', async () => {
    const { path } = installation.home
    const { web } = (await Profile.open(path, 'alice')).state
    expect(web?.bearers).to.have.length.above(0)
    const folder = join(path, 'profiles', 'alice')
    for (const name of await readdir(folder)) {
      if (!(await stat(join(folder, name))).isFile()) continue
      const content = await readFile(join(folder, name), 'latin1')
      expect(content.includes(bearer), name).to.equal(false)
      expect(content.includes(page.tokenOf()), name).to.equal(false)
    }
  })

  it('lets an open page in again after a restart, at the same place', async () => {
    const { port } = page.address
    await page[Symbol.asyncDispose]()
    page = await WebPage.open(installation, 'alice')
    expect(page.address.port).to.equal(port)
    expect((await call('GetProfile', Buffer.alloc(0))).status).to.equal(200)
  })

  it('shows what another command holds, and holds it when that has ended', async () => {
    await page[Symbol.asyncDispose]()
    const receiver = await installation.receive('alice')
    page = await WebPage.open(installation, 'alice')
    expect(page.notices.join()).to.include('held by another command of it')
    const profile = async () => framesOf(await call('GetProfile', Buffer.alloc(0))).messages.length
    expect(await profile()).to.equal(1)
    await receiver.stop()
    while ((await profile()) === 0) await new Promise((resolve) => setImmediate(resolve))
    const request = ListMessagesRequest.decode(
      ListMessagesRequest.encode({ contact: 'bob', from: undefined, limit: 1 }).finish(),
    )
    const { messages } = framesOf(await call('ListMessages', ListMessagesRequest.encode(request).finish()))
    expect(ListMessagesResponse.decode(messages[0] ?? Buffer.alloc(0)).messages).to.deep.equal([])
  })

  it('goes by the names that it was given besides, and by no others', async () => {
    await page[Symbol.asyncDispose]()
    page = await WebPage.open(installation, 'alice', { hostNames: ['localhost:9443', 'here.example'] })
    const { port } = page.address
    const status = async (host: string, origin = `http://${host}`) =>
      (await call('GetProfile', Buffer.alloc(0), { host, origin })).status
    for (const host of ['localhost:9443', `here.example:${port}`, `HERE.example:${port}`]) {
      expect(await status(host), host).to.equal(200)
    }
    for (const host of ['localhost:9444', 'here.example', 'here.example:80', `there.example:${port}`]) {
      expect(await status(host), host).to.equal(421)
    }
    // One name of it is no origin of another.
    expect(await status('localhost:9443', `http://here.example:${port}`)).to.equal(403)
  })

  it('refuses a port that is taken, if it was named', async () => {
    const port = Number(page.address.port)
    const other = new WebPage(installation, 'bob', { port })
    expect((await rejection(other.done)).code).to.equal('ERR_CONFIG')
  })
})
