import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { setReceipts } from '../../../clients/profile/settings.ts'
import { Installation, type Run } from '../../support/installation.ts'
import { rejection } from '../../support/rejection.ts'

/** What a script gives to `sotto send`, and what it gets. */
describe('send, for scripts', function () {
  this.timeout(15_000)
  let installation: Installation
  beforeEach(async () => {
    installation = await Installation.start('alice', 'bob')
  })
  afterEach(() => installation[Symbol.asyncDispose]())

  const input = (...lines: readonly string[]) => Readable.from([Buffer.from(lines.join('\n'))])

  const linesOf = ({ output }: Run) =>
    output.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))

  it('takes JSON lines, and says of each in its order what became of it', async () => {
    await using bob = await installation.receive('bob', { json: true })
    const lines = input('{"text":"one","ref":1}', '', '{"text":"two\\nlines","ref":{"my":"own"}}', '{"text":""}')
    await using alice = installation.send('alice', 'bob', lines, { json: true })
    await alice.done
    const reports = linesOf(alice)
    expect(reports.map(({ type, contact, ref, state }) => [type, contact, ref, state])).to.deep.equal([
      ['state', 'bob', 1, 'delivered'],
      ['state', 'bob', { my: 'own' }, 'delivered'],
      ['state', 'bob', undefined, 'delivered'],
    ])
    await bob.output.until((text) => text.split('\n').length === 4)
    expect(linesOf(bob).map(({ id, text }) => [id, text])).to.deep.equal([
      [reports[0].id, 'one'],
      [reports[1].id, 'two\nlines'],
      [reports[2].id, ''],
    ])
  })

  it('gives back a ref as it was written', async () => {
    await using _bob = await installation.receive('bob')
    const refs = ['1e400', '1.0', '9007199254740993', '{"2": 0, "1": [ "\\u0061\\"}" ]}', 'null', '"a,b"', '-0']
    const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
    const lines = [...refs, deep].map((ref) => `{"ref": ${ref} ,"text":"x"}`)
    await using alice = installation.send('alice', 'bob', input(...lines), { json: true })
    await alice.done
    const reported = [...alice.output.text.matchAll(/"ref":(.*),"state":"delivered"}$/gm)].map(([, ref]) => ref)
    expect(reported).to.deep.equal([...refs, deep])
  })

  it('reads over a byte order mark', async () => {
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', input('\uFEFF{"text":"one"}', '{"text":"two"}'), { json: true }).done
    await bob.output.until((text) => text === 'one\ntwo\n')
  })

  for (const line of ['no JSON', '[]', '{"text":1}', '{"text":"x","colour":"red"}', '{}']) {
    it(`ends at ${line}, with what stood before it sent`, async () => {
      await using bob = await installation.receive('bob')
      await using alice = installation.send('alice', 'bob', input('{"text":"one"}', line, '{"text":"two"}'), {
        json: true,
      })
      const error = await rejection(alice.done)
      expect([error.code, error.message.split(':')[0]]).to.deep.equal(['ERR_USAGE', 'line 2'])
      expect(linesOf(alice).map(({ state }) => state)).to.deep.equal(['delivered'])
      await bob.output.until((text) => text === 'one\n')
    })
  }

  it('takes a text of the greatest length in its longest form', async () => {
    await using bob = await installation.receive('bob')
    const line = `{"text":"${'\\u0041'.repeat(1024 * 1024)}"}`
    await installation.send('alice', 'bob', input(line), { json: true }).done
    await bob.output.until((text) => text.length === 1024 * 1024 + 1)
  })

  it('waits until it is read, where the other side tells', async () => {
    await setReceipts(await Profile.open(installation.home.path, 'bob'), true)
    await using _bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'hello', { json: true, wait: 'read' })
    await alice.done
    expect(linesOf(alice).map(({ state }) => state)).to.deep.equal(['read'])
  })

  it('waits for that as long as it is told to, and says how far it came', async () => {
    await using bob = await installation.receive('bob')
    const options = { json: true, wait: 'read', timeoutMs: 1_000 } as const
    await using alice = installation.send('alice', 'bob', 'hello', options)
    expect((await rejection(alice.done)).code).to.equal('ERR_NOT_ACKNOWLEDGED')
    expect(linesOf(alice).map(({ state }) => state)).to.deep.equal(['delivered'])
    await bob.output.until((text) => text === 'hello\n')
  })

  it('waits no longer than that for the first contact, and keeps nothing, or what is to be kept', async () => {
    await using silent = createServer((socket) => socket.resume().on('error', () => {}))
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const advertise = [{ address: '127.0.0.1', port: (silent.address() as AddressInfo).port }]
    await using _bob = await installation.receive('bob', { advertise })
    const { code, message } = await rejection(installation.send('alice', 'bob', 'hello', { timeoutMs: 200 }).done)
    expect([code, message]).to.deep.equal(['ERR_NOT_ACKNOWLEDGED', 'bob was not reached in time'])
    await using alice = installation.send('alice', 'bob', 'later', { json: true, queue: true, timeoutMs: 200 })
    await alice.done
    expect(linesOf(alice).map(({ state }) => state)).to.deep.equal(['waiting'])
  })

  it('is done when it is sent, if that is enough', async () => {
    await using bob = await installation.receive('bob')
    await installation.send('alice', 'bob', 'hello', { wait: 'sent' }).done
    await bob.output.until((text) => text === 'hello\n')
  })

  it('waits beside a command that owns the conversations just as well', async () => {
    await setReceipts(await Profile.open(installation.home.path, 'bob'), true)
    await using _bob = await installation.receive('bob')
    await using _owner = await installation.receive('alice')
    await using alice = installation.send('alice', 'bob', input('{"text":"hello","ref":7}'), {
      json: true,
      wait: 'read',
    })
    await alice.done
    expect(linesOf(alice).map(({ ref, state }) => [ref, state])).to.deep.equal([[7, 'read']])
  })

  it('keeps for later what stands before a line that cannot be sent, and says of neither that it was sent', async () => {
    const lines = input('{"text":"one"}', '{"text":"two"}', 'three')
    await using alice = installation.send('alice', 'bob', lines, { json: true, queue: true })
    const { code, message } = await rejection(alice.done)
    expect([code, message]).to.deep.equal([
      'ERR_USAGE',
      'line 3: a line is no JSON; neither it nor what follows is sent',
    ])
    expect(linesOf(alice).map(({ state }) => state)).to.deep.equal(['waiting', 'waiting'])
    expect(alice.errors.text).to.include('2 messages wait for bob, until both of you are online')
  })

  it('says of what it keeps for later that it waits', async () => {
    await using alice = installation.send('alice', 'bob', input('{"text":"later"}'), { json: true, queue: true })
    await alice.done
    expect(linesOf(alice).map(({ state }) => state)).to.deep.equal(['waiting'])
  })
})
