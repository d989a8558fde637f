import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { AGENT_LIMITS } from '#lib/rpc/limits.ts'
import { agentSocketIn } from '../../../clients/agent/socket-path.ts'
import { AgentClient } from '../../support/agent-client.ts'
import { codeOf } from '../../support/code-of.ts'
import { Installation } from '../../support/installation.ts'

describe('the socket of a client', function () {
  this.timeout(20_000)
  let installation: Installation
  let socket: string
  before(async () => {
    installation = await Installation.start('alice', 'bob')
    socket = join(installation.home.path, 'profiles', 'alice', 'agent.sock')
  })
  after(() => installation[Symbol.asyncDispose]())

  /** Resolves when the socket is served. */
  async function served(): Promise<AgentClient> {
    while (!existsSync(socket)) await new Promise((resolve) => setImmediate(resolve))
    return AgentClient.of(installation.home, 'alice')
  }

  it('is gone with its client, and served by the next', async () => {
    for (let round = 0; round < 2; round += 1) {
      {
        await using _receiver = await installation.receive('alice')
        using client = await served()
        expect((await client.call('getProfile')).username).to.equal('alice')
      }
      expect(existsSync(socket)).to.equal(false)
    }
  })

  it('is served by a send that goes on, and gone when a receive takes its place', async () => {
    await using bob = await installation.receive('bob')
    const input = new PassThrough()
    await using sending = installation.send('alice', 'bob', input)
    {
      using client = await served()
      await client.call('send', { contact: 'bob', text: 'from another program' })
      while (!bob.output.text.includes('from another program')) await new Promise((resolve) => setImmediate(resolve))
    }
    await using _receiver = await installation.receive('alice')
    using client = await served()
    expect((await client.call('getProfile')).username).to.equal('alice')
    input.end('and this one\n')
    await sending.done
    expect(bob.output.text).to.include('and this one')
  })

  it('takes the place of what a killed client has left', async () => {
    await writeFile(socket, 'left')
    await using _receiver = await installation.receive('alice')
    let profile: { username: string } | undefined
    while (profile === undefined) {
      using client = await served()
      profile = await client.call('getProfile').catch(() => undefined)
    }
    expect(profile.username).to.equal('alice')
  })

  it('ends a watch in order when its client stops', async () => {
    const receiver = await installation.receive('alice')
    using client = await served()
    const watch = await client.watch()
    const ended = watch.until(() => false).catch((error: { code: string }) => error.code)
    await receiver.stop()
    expect(await ended).to.equal('ERR_UNAVAILABLE')
  })

  it('stays there for others, whatever one of them sends', async () => {
    await using _receiver = await installation.receive('alice')
    using client = await served()
    await client.call('getProfile')
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    const sent = ['', 'GET / HTTP/1.1\r\n\r\n', preface, preface + '\xff'.repeat(1_000), '\xff'.repeat(100_000)]
    const hostile = sent.map((bytes) => {
      const connection = createConnection(socket).on('error', () => {})
      connection.write(bytes, 'latin1')
      return connection
    })
    const oversized = await client
      .call('send', { contact: 'bob', text: 'x'.repeat(AGENT_LIMITS.maxReceiveBytes) })
      .catch((error) => error)
    // It may be cut before it has sent all of that, and then hears of no status.
    expect(oversized).to.be.instanceOf(Error)
    expect((await client.call('getProfile')).username).to.equal('alice')
    for (const each of hostile) each.destroy()
  })

  it('cannot be where its path is too long, which is said, and not to the end of the client', async () => {
    const folder = join(installation.home.path, 'x'.repeat(100))
    expect(codeOf(() => agentSocketIn(folder))).to.equal('ERR_CONFIG')
    const long = join(folder, 'profiles')
    await mkdir(dirname(long), { recursive: true })
    await symlink(join(installation.home.path, 'profiles'), long)
    await using receiver = await installation.receive('alice', { home: folder })
    await receiver.errors.until((text) => text.includes('that of a socket at most 103'))
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'hello').done
    expect(bob.output.text).to.equal('hello\n')
  })
})
