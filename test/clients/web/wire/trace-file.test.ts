import { expect } from 'chai'
import fc from 'fast-check'
import { knowledgeOf, partiesOf } from '../../../../clients/web/wire/knowledge.ts'
import { recomputations } from '../../../../clients/web/wire/recompute.ts'
import { MAX_MESSAGES, readTrace, writeTrace } from '../../../../clients/web/wire/trace-file.ts'

const MESSAGE = {
  type: 'trace',
  step: 5,
  message: 'Record 1: a text',
  from: 'alice',
  to: 'bob',
  method: 'sotto.peer.v1.PeerService.Converse',
  protection: 'AES-256-GCM',
  bytes: 40,
  fields: [
    {
      name: 'record',
      tone: 'sealed',
      bytes: 40,
      seal: { kind: 'channel', by: 'alice', for: 'bob' },
      inside: [{ name: 'events', tone: 'secret', note: 'one text, not shown', bytes: 5 }],
    },
  ],
  readableBy: 'alice and bob, and nobody else.',
  wire: [{ field: 'record', bytes: 40, value: '00ff' }],
}
const LINE = JSON.stringify(MESSAGE)

describe('a trace as a file', () => {
  it('opens again as it was saved, and passes over lines of something else', () => {
    const notice = JSON.stringify({ type: 'notice', text: 'bob is online' })
    const messages = readTrace(`sotto: hello\n${notice}\n${LINE}\n\n${LINE}\n`)
    expect(messages).to.have.length(2)
    expect(readTrace(writeTrace(messages))).to.deep.equal(messages)
    expect(JSON.parse(writeTrace(messages.slice(0, 1)))).to.deep.equal(MESSAGE)
  })

  it('names the line that is no line of a trace', () => {
    const broken: Record<string, unknown>[] = [
      { ...MESSAGE, step: -1 },
      { ...MESSAGE, bytes: '40' },
      { ...MESSAGE, fields: {} },
      { ...MESSAGE, fields: [null] },
      { ...MESSAGE, from: undefined },
      { ...MESSAGE, seal: { kind: 'magic', by: 'alice', for: 'bob' } },
      { ...MESSAGE, wire: [{ bytes: 1, value: 'zz' }] },
      { ...MESSAGE, fields: [{ name: 'x', tone: 'loud' }] },
      { ...MESSAGE, fields: [{ name: 'x', tone: 'plain', value: {} }] },
    ]
    for (const value of broken) {
      expect(() => readTrace(`${LINE}\n${JSON.stringify(value)}`), JSON.stringify(value)).to.throw(TypeError, 'line 2')
    }
    expect(() => readTrace(LINE.slice(0, -1))).to.throw(TypeError, 'line 1')
    let deep: object = { name: 'x', tone: 'plain' }
    for (let n = 0; n < 100; n += 1) deep = { name: 'x', tone: 'plain', inside: [deep] }
    expect(() => readTrace(JSON.stringify({ ...MESSAGE, fields: [deep] }))).to.throw(TypeError, 'too deep')
  })

  it('reads whatever text there is, or says what is wrong with it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          readTrace(`${text}\n{"type":"trace",${text}`)
        } catch (error) {
          expect(error).to.be.instanceOf(TypeError)
        }
      }),
    )
  })

  it('shows no more messages than it can draw', () => {
    expect(readTrace(`${LINE}\n`.repeat(MAX_MESSAGES + 10))).to.have.length(MAX_MESSAGES)
  })

  it('takes no name in it for more than a name', () => {
    const named = (name: string) => ({
      name,
      tone: 'secret',
      value: '00',
      inside: [{ name, tone: 'plain', value: '00' }],
    })
    const names = ['__proto__', 'constructor', 'toString', 'session_token', 'ticket', 'grant', '$(id)', "';id;'"]
    const hostile = { ...MESSAGE, step: 2, to: '$(id)', fields: names.map(named), seal: undefined }
    const messages = readTrace(JSON.stringify(hostile))
    expect(partiesOf(messages)).to.include('$(id)')
    for (const { what } of knowledgeOf(messages)) expect(what).to.be.a('string')
    for (const { command } of recomputations(messages)) expect(command).not.to.include('id')
  })

  it('has a relay among the parties that carries a conversation, and knows nothing of it', () => {
    const method = 'sotto.relay.v1.RelayService.Call and Answer'
    const messages = readTrace(JSON.stringify({ ...MESSAGE, method }))
    expect(partiesOf(messages)).to.deep.equal(['alice', 'relay', 'bob'])
    expect(knowledgeOf(messages).filter(({ since }) => since.has('relay'))).to.deep.equal([])
  })

  it('says what each party knows by now', () => {
    const messages = readTrace(LINE)
    expect(partiesOf(messages)).to.deep.equal(['alice', 'bob'])
    const [text] = knowledgeOf(messages)
    expect([text?.what, [...(text?.since ?? [])]]).to.deep.equal([
      'what alice says to bob',
      [
        ['alice', 0],
        ['bob', 0],
      ],
    ])
  })
})
