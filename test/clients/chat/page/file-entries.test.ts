import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { FileEntries, REDRAW_MS } from '../../../../clients/chat/page/file-entries.ts'
import type { Entry, EntryChange } from '../../../../clients/chat/screen/entry.ts'
import type { Screen, ScreenEvents } from '../../../../clients/chat/screen/screen.ts'
import type { Transfer } from '../../../../clients/store/transfers/transfer.ts'
import { FakeTimers } from '../../../support/timers.ts'

/** In the terminal's place: keeps what is shown, and counts how often. */
class KeptScreen extends EventEmitter<ScreenEvents> implements Screen {
  readonly texts = new Map<string, string>()
  readonly added: Entry[] = []
  changes = 0
  isInSight = true

  add(entry: Entry): void {
    this.added.push(entry)
  }

  change(id: string, { text = '' }: EntryChange): boolean {
    this.changes += 1
    this.texts.set(id, text)
    return this.isInSight
  }

  readonly hasPrompt = true
  setStatus(): void {}
  restoreInput(): boolean {
    return false
  }
  readonly draft = undefined
  restoreDraft(): void {}
  newPage(): void {}
  close(): void {}
}

const OFFERED: Transfer = {
  id: 'ab'.repeat(16),
  contact: 'bob',
  direction: 'downloading',
  name: 'report.pdf',
  files: undefined,
  size: 10_000_000,
  state: 'offered',
  position: 0,
  path: undefined,
  at: new Date(0),
}

describe('FileEntries', () => {
  let screen: KeptScreen
  let timers: FakeTimers
  let entries: FileEntries
  beforeEach(() => {
    screen = new KeptScreen()
    timers = new FakeTimers()
    const now = () => new Date(0)
    entries = new FileEntries({ screen, ownName: 'alice', now, ...timers })
  })

  const at = (position: number): Transfer => ({ ...OFFERED, state: 'accepted', position })

  /** Let it flow, by so many bytes at a time. */
  function flow(from: number, to: number, { step = 61_440, everyMs = 61.44 } = {}): void {
    for (let position = from; position <= to; position += step) {
      entries.changed(at(position))
      timers.advance(everyMs)
    }
  }

  it('says how to answer an offer, by a number that stays', () => {
    expect(entries.show(OFFERED, 'a')).to.equal('[1] report.pdf, 10 MB, offered: /accept 1 or /decline 1')
    const other = { ...OFFERED, id: 'cd'.repeat(16), direction: 'uploading' } as const
    expect(entries.show(other, 'b')).to.equal('[2] report.pdf, 10 MB, offered')
    expect(entries.show(OFFERED, 'c')).to.include('[1]')
    expect([entries.withNumber(2), entries.withNumber(3)]).to.deep.equal([other.id, undefined])
  })

  it('changes the newest entry in its place as the transfer goes on', () => {
    entries.show(OFFERED, 'old')
    entries.show(OFFERED, 'a')
    entries.changed({ ...OFFERED, state: 'accepted' })
    expect(screen.texts.get('a')).to.equal('[1] report.pdf, 10 MB, accepted')
    flow(0, 3_000_000)
    expect(screen.texts.get('a')).to.match(/^\[1\] report.pdf, 2.9 of 10 MB \(29 %\), (1.0 MB|98\d kB)\/s, 8 s left$/)
    entries.changed({ ...at(10_000_000), state: 'received', path: '/home/alice/report.pdf' })
    expect(screen.texts.get('a')).to.equal('report.pdf, 10 MB, received as /home/alice/report.pdf')
    expect(screen.texts.has('old')).to.equal(false)
    expect(screen.added).to.deep.equal([])
  })

  it('draws a few times a second, however fast it goes', () => {
    entries.show(OFFERED, 'a')
    flow(0, 6_000_000, { step: 6_000, everyMs: 2 })
    expect(screen.changes).to.be.within(2, 2 + 2_000 / REDRAW_MS)
  })

  it('shows that nothing comes any more, and then rests', () => {
    entries.show(OFFERED, 'a')
    flow(0, 1_000_000)
    timers.advance(10_000)
    expect(screen.texts.get('a')).to.match(/stalled$/)
    const { changes } = screen
    timers.advance(60_000)
    expect(screen.changes).to.equal(changes)
    flow(1_000_000, 2_000_000)
    expect(screen.texts.get('a')).to.match(/left$/)
  })

  it('tells of the end below, where the entry is out of sight or was never shown', () => {
    entries.show(OFFERED, 'a')
    screen.isInSight = false
    entries.changed({ ...OFFERED, state: 'cancelled' })
    entries.changed({ ...OFFERED, id: 'cd'.repeat(16), direction: 'uploading', state: 'declined' })
    expect(screen.added.map(({ who, kind, text }) => [who, kind, text])).to.deep.equal([
      ['bob', 'file', 'report.pdf, 10 MB, cancelled'],
      ['alice to bob', 'file', 'report.pdf, 10 MB, declined'],
    ])
  })

  it('tells why it ended at this end', () => {
    entries.show(OFFERED, 'a')
    const error = new SottoError('ERR_FILE_SAVE_FAILED', 'the disk is full', { hint: 'free some space' })
    entries.changed({ ...OFFERED, state: 'save-failed' }, error)
    expect(screen.texts.get('a')).to.equal(
      'report.pdf, 10 MB, could not be kept here: the disk is full; free some space',
    )
  })

  it('forgets what was on another page', () => {
    entries.show(OFFERED, 'a')
    entries.clear()
    entries.changed(at(100))
    expect(screen.texts.size).to.equal(0)
    expect(entries.isShown(OFFERED.id)).to.equal(false)
    expect(entries.numberOf(OFFERED.id)).to.equal(1)
  })
})
