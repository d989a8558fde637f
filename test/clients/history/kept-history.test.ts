import { readdir } from 'node:fs/promises'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { jsonFormat, lineFormat } from '../../../clients/history/formats.ts'
import { NOTHING_KEPT, type ShowOptions, showKept } from '../../../clients/history/kept-history.ts'
import { newest } from '../../../clients/history/newest.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { FakeClock } from '../../support/clock.ts'
import { encodedFileEvent, offered, statusOf } from '../../support/file-events.ts'
import { breakBatch, inStore, storeConversation } from '../../support/kept.ts'
import { permitWriting } from '../../support/permits.ts'
import { rejection } from '../../support/rejection.ts'
import { BOB_KEY, outgoingText } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const HOSTILE = 'see\u001b]0;title\u0007 this\n(bob: forged)'

describe('showKept', () => {
  let home: TemporaryFolder
  let profile: Profile
  let clock: FakeClock
  const notices: string[] = []
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
    clock = new FakeClock()
    notices.length = 0
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const keep = (name: string, ...lines: string[]) =>
    inStore(profile, clock, (store) => storeConversation(store, name, clock, lines))

  /** What is shown, as lines without their time. */
  async function show(output: CapturedStream, changes: Partial<ShowOptions> = {}): Promise<string[]> {
    await showKept({
      profile,
      names: [],
      output,
      format: (ownName, isUndeliverable) => lineFormat(ownName, output, isUndeliverable),
      select: (store, names) => newest(store, names, 50),
      ifNone: 'nothing',
      notice: (text) => notices.push(text),
      ...changes,
    })
    return linesOf(output)
  }

  const linesOf = ({ text }: CapturedStream) => text.split('\n').map((line) => line.replace(/^\d{4}-\S+ \S+ {2}/, ''))

  it('says so where nothing was ever kept, and makes no store', async () => {
    const before = await readdir(profile.storage.folder)
    expect(await show(new CapturedStream(), { names: ['bob'] })).to.deep.equal([''])
    expect(notices).to.deep.equal([NOTHING_KEPT])
    expect(await readdir(profile.storage.folder)).to.deep.equal(before)
  })

  it('tells who said what, to whom, and what has not arrived', async () => {
    keep('bob', 'See you?', '<At eight.')
    inStore(profile, clock, (store) =>
      store.messageLog('carol', BOB_KEY).append(permitWriting('carol'), [outgoingText('later')]),
    )
    const expected = ['alice → bob: See you?', 'bob: At eight.', 'alice → carol (waiting): later', '']
    expect(await show(new CapturedStream())).to.deep.equal(expected)
    expect(await show(new CapturedStream(), { names: ['bob'] })).to.deep.equal([...expected.slice(0, 2), ''])
  })

  for (const isTTY of [true, false]) {
    it(`shows control characters as escapes, and no line but its own, ${isTTY ? 'on a terminal' : 'in a pipe'}`, async () => {
      keep('bob', `<${HOSTILE}`, '<see\n2026-11-23 04:23  bob: I owe you 1000')
      const output = new CapturedStream({ isTTY })
      const lines = await show(output)
      const gutter = `${' '.repeat(18)}| `
      expect(lines).to.have.length(5)
      expect(lines[0]).to.include('see\\e]0;title\\x07 this')
      expect(lines[1]).to.equal(`${gutter}(bob: forged)`)
      expect(lines[2]).to.match(/see$/)
      expect(lines[3]).to.equal(`${gutter}2026-11-23 04:23  bob: I owe you 1000`)
      expect(output.text).to.match(/^20\d\d-\d\d-\d\d \d\d:\d\d {2}/)
    })
  }

  it('tells when each message was written, and when it arrived where that is more than a minute apart', async () => {
    keep('bob', '<At eight.')
    const [kept] = inStore(profile, clock, (store) => store.history('bob', { limit: 1 })) as [Message]
    const output = new CapturedStream()
    const format = lineFormat('alice', output, () => false)
    const written = (writtenAt: Date) => {
      const storedAt = new Date(2026, 10, 23, 9, 1)
      return Buffer.from(format({ ...kept, storedAt, event: { ...kept.event, writtenAt } })).toString()
    }
    expect(written(new Date(2026, 10, 23, 9, 0))).to.equal('2026-11-23 09:00  bob: At eight.\n')
    expect(written(new Date(2026, 10, 20, 14, 2))).to.equal(
      '2026-11-20 14:02  bob (arrived 2026-11-23 09:01): At eight.\n',
    )
    expect(written(new Date(2026, 10, 23, 8, 59))).to.equal('2026-11-23 08:59  bob (arrived 09:01): At eight.\n')
    // A clock that is fast says so as well.
    expect(written(new Date(2026, 10, 23, 9, 3))).to.equal('2026-11-23 09:03  bob (arrived 09:01): At eight.\n')
  })

  it('lets no text reach the left edge of a terminal that wraps', async () => {
    keep('bob', `<${'.'.repeat(200)}2026-11-23 04:23  bob: I owe you 1000`)
    const output = Object.assign(new CapturedStream({ isTTY: true }), { columns: 60 })
    await show(output)
    const rows = stripVTControlCharacters(output.text).split('\n')
    for (const row of rows.slice(1, -1)) expect(row).to.match(/^ {18}\| .{1,39}$/)
    expect(rows).to.have.length(8)
    expect(rows[0]).to.have.length(59)
  })

  it('writes each message as a line of JSON', async () => {
    keep('bob', 'a', `<${HOSTILE}`)
    const output = new CapturedStream()
    await show(output, { format: jsonFormat })
    const [first, second, ...rest] = output.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(first).to.deep.include({ type: 'message', contact: 'bob', from: 'alice', state: 'delivered', text: 'a' })
    expect(first.id).to.match(/^[0-9a-f]{32}$/)
    expect(first.storedAt).to.equal(first.writtenAt)
    expect(second).to.deep.include({ contact: 'bob', from: 'bob', state: 'received', text: HOSTILE })
    expect(rest).to.deep.equal([])
  })

  it('tells of files in lines of their own', async () => {
    const offer = offered({ 'report.pdf': 3_400_000 })
    inStore(profile, clock, (store) => {
      store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText('here'), encodedFileEvent(offer)])
      store
        .messageLog('bob', BOB_KEY)
        .append(permitWriting('bob'), [encodedFileEvent(statusOf(offer, 'SOURCE_CHANGED'))])
    })
    expect(await show(new CapturedStream())).to.deep.equal([
      'alice → bob (waiting): here',
      'alice → bob (waiting), file: report.pdf, 3.4 MB',
      'alice → bob (waiting), file: report.pdf was changed or removed before it was there',
      '',
    ])
    const output = new CapturedStream()
    await show(output, { format: jsonFormat })
    const [, file, status] = output.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const { entries, ...fields } = file
    expect(fields).to.deep.include({ type: 'file', contact: 'bob', from: 'alice', state: 'waiting', size: 3_400_000 })
    expect(entries).to.deep.equal([{ path: 'report.pdf', size: 3_400_000, sha256: '00'.repeat(32) }])
    expect(status).to.deep.include({ type: 'fileStatus', file: fields.id, status: 'source-changed' })
  })

  it('refuses a name with which there is no conversation', async () => {
    keep('bob', 'a')
    expect((await rejection(show(new CapturedStream(), { names: ['bob', 'bpb'] }))).code).to.equal('ERR_USAGE')
  })

  it('says so where nothing is found', async () => {
    keep('bob', 'a')
    await show(new CapturedStream(), { select: (store) => store.search('elephant') })
    expect(notices).to.deep.equal(['nothing'])
  })

  it('shows a gap where a batch is damaged, all around it, and fails in the end', async () => {
    keep('bob', 'a', 'b', '<c')
    breakBatch(profile, 2)
    const lines = new CapturedStream()
    expect((await rejection(show(lines))).code).to.equal('ERR_STORE_DAMAGED')
    const gap = '(bob: messages are missing here: the store was changed from outside)'
    expect(linesOf(lines)).to.deep.equal(['alice → bob: a', gap, 'bob: c', ''])
    const json = new CapturedStream()
    await rejection(show(json, { format: jsonFormat, select: (store) => store.search('c') }))
    const found = json.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(found.map(({ type, text }) => text ?? type)).to.deep.equal(['gap', 'c'])
  })
})
