import { expect } from 'chai'
import { MailboxClient } from '../../../clients/letters/mailbox.ts'
import type { TraceEvent } from '../../../clients/trace/trace.ts'
import { sealedLetter } from '../../support/letter.ts'
import { MailboxUnderTest } from '../../support/running-mailbox.ts'

const NAMES = ['bob', 'carol', 'dave']

describe('the trace of letters that go together', () => {
  let mailboxes: MailboxUnderTest
  const traced: TraceEvent[] = []
  let client: MailboxClient
  before(async () => {
    mailboxes = await MailboxUnderTest.start()
    for (const name of ['bob', 'carol']) await mailboxes.putPrekeys(mailboxes.user(name), 1)
    const trace = (event: TraceEvent) => void traced.push(event)
    const { bearer } = mailboxes.user('alice')
    client = new MailboxClient([mailboxes.connect()], bearer, { trace, ownName: 'alice' })
  })
  beforeEach(() => traced.splice(0))
  after(async () => {
    client.close()
    await mailboxes[Symbol.asyncDispose]()
  })

  const { signal } = new AbortController()
  const addressOf = (name: string) => ({ name, sessionId: mailboxes.user(name).sessionId })
  /** What the trace has of a message: whom it is about, and with how many others it goes. */
  const told = (wanted: string) => {
    return traced
      .filter(({ message }) => message === wanted)
      .map(({ fields }) => ['username', 'together'].map((field) => fields.find(({ name }) => name === field)?.value))
  }

  it('has each prekey that is asked for, and each that comes', async () => {
    await client.takePrekeys(NAMES.map(addressOf), signal)
    expect(told('TakePrekeysRequest')).to.deep.equal(NAMES.map((name) => [name, 3]))
    expect(told('TakePrekeysResponse')).to.have.lengthOf(2)
    for (const { bytes, wire = [] } of traced) expect(wire.reduce((sum, piece) => sum + piece.bytes, 0)).to.equal(bytes)
  })

  it('has each letter, and says nothing of others where there are none', async () => {
    const letter = sealedLetter({})
    await client.postLetters(
      NAMES.map((name) => ({ address: addressOf(name), letter })),
      signal,
    )
    expect(told('PostLettersRequest')).to.deep.equal(NAMES.map((name) => [name, 3]))
    for (const { bytes, wire = [] } of traced) expect(wire.reduce((sum, piece) => sum + piece.bytes, 0)).to.equal(bytes)
    traced.splice(0)
    await client.postLetters([{ address: addressOf('bob'), letter }], signal)
    expect(told('PostLettersRequest')).to.deep.equal([['bob', undefined]])
  })
})
