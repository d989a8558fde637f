import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import type { Entry } from '../../../../clients/chat/screen/entry.ts'
import { MAX_ENTRIES, Transcript } from '../../../../clients/chat/screen/transcript.ts'
import { createCalendar } from '../../../../clients/terminal/calendar.ts'

const view = (columns = 79) => ({ columns, rows: 22, colour: false, calendar: createCalendar('UTC') })
const NOON = Date.UTC(2026, 10, 22, 12)

const message = (id: string, fields: Partial<Entry> = {}): Entry => ({
  id,
  kind: 'message',
  who: 'alice',
  own: true,
  time: new Date(NOON),
  text: id,
  state: 'waiting',
  ...fields,
})

describe('Transcript', () => {
  let transcript: Transcript
  beforeEach(() => {
    transcript = new Transcript()
    for (const id of ['a', 'b', 'c']) transcript.add(message(id), view())
    transcript.redraw(0, view())
  })

  it('hands out each entry once, and the day before the first', () => {
    transcript.add(message('d'), view())
    expect(transcript.redraw(4, view())).to.deep.equal({ replaced: 0, rows: ['12:00 ... alice: d'] })
    expect(transcript.redraw(5, view())).to.deep.equal({ replaced: 0, rows: [] })
  })

  it('draws a long text as what it is, and holds no more than is drawn of it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    // The least of some looks, as others in this process may just be letting go of what they had.
    const heldBytes = async () => {
      let least = Number.POSITIVE_INFINITY
      for (let look = 0; look < 5; look += 1) {
        await setImmediate()
        collect()
        const { heapUsed, external } = process.memoryUsage()
        least = Math.min(least, heapUsed + external)
      }
      return least
    }
    const long = () => Buffer.alloc(1_048_576, 'word ').toString('latin1')
    const before = await heldBytes()
    for (let n = 0; n < 80; n += 1) transcript.add(message(`long ${n}`, { text: long() }), view())
    transcript.change('long 79', { text: long() })
    const { rows } = transcript.redraw(4, view())
    expect(rows.at(-1)).to.equal('          | … cut: 1,048,576 characters; the history shows it all')
    expect((await heldBytes()) - before).to.be.below(30 * 1_048_576)
    transcript.change('long 79', { text: 'short' })
    expect(transcript.redraw(40, view()).rows).to.deep.equal(['12:00 ... alice: short'])
  })

  it('opens each new day', () => {
    transcript.add(message('d', { time: new Date(NOON + 86_400_000) }), view())
    expect(transcript.redraw(4, view()).rows).to.have.lengthOf(2)
    transcript.add(message('e', { time: new Date(NOON + 86_400_000) }), view())
    expect(transcript.redraw(6, view()).rows).to.have.lengthOf(1)
  })

  it('replaces from a changed entry on', () => {
    transcript.change('b', { state: 'sent' })
    expect(transcript.redraw(4, view())).to.deep.equal({
      replaced: 2,
      rows: ['12:00 ✓   alice: b', '12:00 ... alice: c'],
    })
  })

  it('leaves an entry that is out of reach', () => {
    transcript.change('a', { state: 'sent' })
    expect(transcript.redraw(2, view())).to.deep.equal({ replaced: 0, rows: [] })
  })

  it('replaces what is in reach of an entry', () => {
    // Of the first entry the row with the day is out of reach.
    transcript.change('a', { state: 'sent' })
    const others = ['12:00 ... alice: b', '12:00 ... alice: c']
    expect(transcript.redraw(3, view())).to.deep.equal({ replaced: 3, rows: ['12:00 ✓   alice: a', ...others] })
    transcript.change('a', { text: 'one\ntwo' })
    expect(transcript.redraw(3, view())).to.deep.equal({
      replaced: 3,
      rows: ['12:00 ✓   alice: one', '          | two', ...others],
    })
    transcript.change('a', { text: 'one' })
    expect(transcript.redraw(2, view())).to.deep.equal({ replaced: 0, rows: [] })
  })

  it('knows what of an entry is out of reach when it has shrunk', () => {
    transcript.change('c', { text: 'one\ntwo\nthree' })
    transcript.redraw(4, view())
    transcript.change('c', { text: 'four' })
    // Its first two rows have gone, and what is left of it has no third.
    expect(transcript.redraw(1, view())).to.deep.equal({ replaced: 1, rows: [] })
    transcript.add(message('d'), view())
    expect(transcript.redraw(0, view()).rows).to.deep.equal(['12:00 ... alice: d'])
    transcript.change('d', { state: 'read' })
    expect(transcript.redraw(1, view())).to.deep.equal({ replaced: 1, rows: ['12:00 ✓✓✓ alice: d'] })
  })

  it('makes room for an entry that grows', () => {
    transcript.change('b', { text: 'one\ntwo' })
    expect(transcript.redraw(4, view())).to.deep.equal({
      replaced: 2,
      rows: ['12:00 ... alice: one', '          | two', '12:00 ... alice: c'],
    })
    transcript.change('b', { text: 'one' })
    expect(transcript.redraw(5, view()).replaced).to.equal(3)
  })

  it('has a change in the rows for another view, though it was out of reach', () => {
    transcript.change('a', { state: 'read' })
    transcript.redraw(1, view())
    expect(transcript.tail(3, view())).to.deep.equal(['12:00 ✓✓✓ alice: a', '12:00 ... alice: b', '12:00 ... alice: c'])
  })

  it('keeps what has not been drawn out of the rows for another view', () => {
    transcript.add(message('d'), view())
    expect(transcript.tail(10, view()).at(-1)).to.equal('12:00 ... alice: c')
    expect(transcript.redraw(4, view()).rows).to.deep.equal(['12:00 ... alice: d'])
  })

  it('knows nothing of an entry that it does not have', () => {
    expect(transcript.change('x', { state: 'read' })).to.equal(false)
    transcript.clear()
    expect(transcript.change('a', { state: 'read' })).to.equal(false)
  })

  it('forgets the oldest entries beyond 1,000', () => {
    for (let index = 0; index < MAX_ENTRIES; index += 1) transcript.add(message(`more ${index}`), view())
    expect(transcript.redraw(4, view()).rows).to.have.lengthOf(MAX_ENTRIES)
    expect(transcript.change('c', { state: 'read' })).to.equal(false)
    expect(transcript.change('more 0', { state: 'read' })).to.equal(true)
  })
})
