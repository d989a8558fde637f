/** `sotto demo --html`: a real run as one file, all of which can be recomputed and none of which leaves it. */
import { spawnSync } from 'node:child_process'
import { createDecipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ADVERSARIES, type Adversary, adversaryAsReader } from '../../../clients/web/wire/adversaries.ts'
import { knowledgeOf, partiesOf } from '../../../clients/web/wire/knowledge.ts'
import { placedFields, reads } from '../../../clients/web/wire/readable.ts'
import { recomputations } from '../../../clients/web/wire/recompute.ts'
import { type Message, readTrace } from '../../../clients/web/wire/trace-file.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const TEXT = 'meet me at the bridge </script><b>'

describe('sotto demo --html', function () {
  this.timeout(300_000)
  let folder: TemporaryFolder
  let revealed: Message[]
  let html: string

  async function run(...flags: readonly string[]): Promise<string> {
    const file = join(folder.path, 'wire.html')
    const env = environmentOf(folder.path, { TMPDIR: folder.path })
    const args = ['run', '-s', 'demo', '--', '--html', file, '--no-trace', ...flags]
    await using demo = new TestProcess('npm', args, { env, input: `${TEXT}\n` })
    expect([await demo.ended, demo.output.text], demo.errors.text).to.deep.equal([0, `${TEXT}\n`])
    return readFileSync(file, 'utf8')
  }

  const messagesIn = (file: string) => readTrace(/id="trace">\n(.*?)<\/script>/s.exec(file)?.[1] ?? '')

  before(async () => {
    folder = await temporaryFolder()
    html = await run('--reveal')
    revealed = messagesIn(html)
  })
  after(() => folder[Symbol.asyncDispose]())

  it('has the five messages in order, and every byte of them', () => {
    expect(
      revealed.slice(0, 8).map(({ step, message, from, to }) => [step, message, from, to].join(' ')),
    ).to.deep.equal([
      '1 LoginRequest alice auth',
      '2 LoginResponse auth alice',
      '1 LoginRequest bob auth',
      '2 LoginResponse auth bob',
      '3 RequestChatRequest alice directory',
      '4 RequestChatResponse directory alice',
      '5 Hello alice bob',
      '5 Welcome bob alice',
    ])
    for (const { message, bytes, wire = [] } of revealed) {
      expect(
        wire.reduce((sum, piece) => sum + piece.bytes, 0),
        message,
      ).to.equal(bytes)
    }
  })

  it('recomputes all that is derived, by the lines as they are printed', () => {
    const lines = recomputations(revealed)
    expect(lines.filter(({ what }) => /= HKDF\(salt = ""/.test(what))).to.have.length(10)
    expect(lines.filter(({ what }) => /^(es|ss|ee|se) = X25519/.test(what))).to.have.length(4)
    expect(lines.filter(({ what }) => what.startsWith('ML-KEM secret = '))).to.have.length(1)
    expect(lines.filter(({ what }) => what.startsWith('psk = HKDF'))).to.have.length(1)
    expect(lines.filter(({ what }) => /^(first|second) key of the channel/.test(what))).to.have.length(2)
    expect(lines.filter(({ what }) => /^s, out of the (grant|ticket)/.test(what))).to.have.length(2)
    const script = lines.map(({ command }) => `${command} | tr -d '\\n'; echo`).join('\n')
    // The Node.js of this project: others may have no ML-KEM.
    const env = { ...process.env, PATH: `${join(ROOT, 'node_modules', '.bin')}:${process.env['PATH']}` }
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env })
    expect(stdout.trimEnd().split('\n'), stderr).to.deep.equal(lines.map(({ prints }) => prints))
  })

  it('reveals the keys that the records are really sealed with', () => {
    const secrets = revealed
      .find(({ message }) => message === 'Welcome')
      ?.fields.find(({ name }) => name === 'secrets of the channel')?.inside
    const key = Buffer.from(String(secrets?.find(({ name }) => name === 'first key')?.value), 'hex')
    const text = revealed.find(({ message }) => message.endsWith(': a text')) as Message
    const number = /^Record (\d+)/.exec(text.message)?.[1] ?? ''
    const sealed = Buffer.from(text.wire?.[0]?.value ?? '', 'hex')
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64BE(BigInt(number), 4)
    const opener = createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(sealed.subarray(-16))
    const plaintext = Buffer.concat([opener.update(sealed.subarray(0, -16)), opener.final()])
    expect(plaintext.includes(TEXT)).to.equal(true)
  })

  it('lets no adversary read what was said, nor the directory a secret but its bearer', () => {
    const text = revealed.find(({ message }) => message.endsWith(': a text')) as Message
    for (const adversary of ADVERSARIES) {
      const reader = adversaryAsReader(adversary)
      expect(reads(text, reader), adversary.id).to.equal(false)
      const read = placedFields(text, reader).filter(({ isReadable }) => isReadable)
      expect(
        read.flatMap(({ path }) => (path.length > 1 ? [path] : [])),
        adversary.id,
      ).to.deep.equal([])
    }
    const directory = knowledgeOf(revealed).filter(({ since, isSecret }) => isSecret && since.has('directory'))
    expect(directory.map(({ what }) => what)).to.deep.equal(['alice’s directory bearer'])
  })

  it('says who knows the chat secret, and that nobody but the two knows the text', () => {
    const known = new Map(knowledgeOf(revealed).map(({ what, since }) => [what, [...since.keys()].sort()]))
    expect(known.get('the chat secret s')).to.deep.equal(['alice', 'auth', 'bob'])
    expect(known.get('the pre-shared key of the channel')).to.deep.equal(['alice', 'bob'])
    expect(known.get('what alice says to bob')).to.deep.equal(['alice', 'bob'])
    expect(partiesOf(revealed)).to.deep.equal(['alice', 'auth', 'directory', 'bob'])
  })

  it('is one file that loads nothing and runs nothing but itself', () => {
    expect(html).to.match(/Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/)
    expect(html).not.to.match(/<(?:script|link|img|iframe)[^>]* (?:src|href)=/)
    expect(html.match(/<\/script>/g)).to.have.length(2)
  })

  it('has no secret in it without --reveal', async () => {
    const secrets = revealed.flatMap((message) =>
      placedFields(message, { sees: () => true, opens: () => true, made: () => true, isTold: true }),
    )
    const messages = messagesIn(await run())
    const fields = messages.flatMap((message) =>
      placedFields(message, { sees: () => true, opens: () => true, made: () => true, isTold: true }),
    )
    expect(secrets.filter(({ field }) => field.tone === 'secret' && field.value !== undefined)).not.to.be.empty
    expect(fields.filter(({ field }) => field.tone === 'secret' && field.value !== undefined)).to.be.empty
    expect(recomputations(messages).map(({ what }) => what)).to.deep.equal(['ticket_hash = SHA-256(ticket)'])
  })

  for (const [how, reason] of [
    ['flip', 'ERR_TICKET_FORGED'],
    ['replay', 'ERR_TICKET_REPLAYED'],
    ['swap', 'ERR_DECRYPT'],
  ] as const) {
    it(`has the message arrive once, and the refusal told with its reason, where the network does ${how}`, async () => {
      const refusals = messagesIn(await run('--tamper', how)).filter(({ message }) => message === 'Refusal')
      const reasons = refusals.flatMap(({ fields }) => fields.filter(({ name }) => name === 'the reason'))
      expect(reasons.map(({ value }) => value)).to.include(reason)
      // It is the receiver's own: nobody on the way learns it.
      const network = adversaryAsReader(ADVERSARIES[0] as Adversary)
      const seen = refusals.flatMap((refusal) => placedFields(refusal, network))
      expect(seen.filter(({ field, isReadable }) => isReadable && field.name === 'the reason')).to.deep.equal([])
    })
  }
})
