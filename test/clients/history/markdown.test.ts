import { expect } from 'chai'
import { markdownFormat } from '../../../clients/history/markdown.ts'
import type { Message } from '../../../clients/store/reading/messages.ts'
import { createCalendar } from '../../../clients/terminal/calendar.ts'
import { offered, statusOf } from '../../support/file-events.ts'
import { incomingText } from '../../support/stores.ts'

const { dayOf } = createCalendar()
const NOON = new Date(2026, 10, 22, 12, 0)
const NEXT_DAY = new Date(2026, 10, 23, 9, 5)

function message(text: string, fields: Partial<Message> = {}): Message {
  return {
    kind: 'message',
    isLetter: false,
    contact: 'bob',
    position: { batch: 1, index: 0 },
    direction: 'incoming',
    state: 'received',
    ordinal: 1,
    identityKey: undefined,
    storedAt: NOON,
    event: incomingText(text, fields.storedAt ?? NOON),
    ...fields,
  }
}

describe('markdownFormat', () => {
  const write = (...entries: Parameters<ReturnType<typeof markdownFormat>>[0][]) => {
    const format = markdownFormat('alice', () => false)
    return entries.map((entry) => Buffer.from(format(entry)).toString('utf8')).join('')
  }

  /** The quotation of one message. */
  const quoted = (text: string) => write(message(text)).split('\n\n').slice(3).join('\n\n').trimEnd()

  it('says of a message that it came by letter', () => {
    expect(write(message('a', { isLetter: true }))).to.include('**bob** 12:00 (by letter)\n\n> a')
  })

  it('has a heading for each conversation and each day, and each message as a quotation', () => {
    const own = { direction: 'outgoing', state: 'waiting', storedAt: NEXT_DAY } as const
    const gap = { kind: 'gap', contact: 'bob', position: { batch: 2, index: 0 } } as const
    expect(write(message('a'), message('b'), gap, message('c', own), message('d', { contact: 'carol' }))).to.equal(
      [
        '# bob',
        `## ${dayOf(NOON)}`,
        '**bob** 12:00',
        '> a',
        '**bob** 12:00',
        '> b',
        '*(messages are missing here: the store was changed from outside)*',
        `## ${dayOf(NEXT_DAY)}`,
        '**alice** 09:05 (waiting)',
        '> c',
        '# carol',
        `## ${dayOf(NOON)}`,
        '**carol** 12:00',
        '> d',
        '',
      ].join('\n\n'),
    )
  })

  it('has each message at the time of writing, and when it arrived where that is not the same', () => {
    const late = { event: incomingText('eight?', NOON), storedAt: NEXT_DAY }
    expect(write(message('', late), message('', { ...late, storedAt: new Date(+NOON + 61_000) }))).to.equal(
      [
        '# bob',
        `## ${dayOf(NOON)}`,
        '**bob** 12:00 (arrived 2026-11-23 09:05)',
        '> eight?',
        '**bob** 12:00 (arrived 12:01)',
        '> eight?',
        '',
      ].join('\n\n'),
    )
  })

  it('keeps lines, empty lines and spaces at their beginning', () => {
    expect(quoted('one\r\ntwo\n\n    four\tfive')).to.equal(
      '> one  \n> two  \n>  \n> &nbsp;&nbsp;&nbsp;&nbsp;four    five',
    )
  })

  it('lets no text be anything but text', () => {
    expect(quoted('# h')).to.equal('> \\# h')
    expect(quoted('> **mallory** 12:00')).to.equal('> \\> \\*\\*mallory\\*\\* 12:00')
    expect(quoted('![x](http://h) <img src=x> &lt;')).to.equal('> !\\[x\\](http\\://h) \\<img src=x\\> \\&lt;')
    expect(quoted('a\n===\nb\n---')).to.equal('> a  \n> \\===  \n> b  \n> \\---')
    expect(quoted('- x\n1. y\n2) z\n+ w')).to.equal('> \\- x  \n> 1\\. y  \n> 2\\) z  \n> \\+ w')
    expect(quoted('```js\n~~~\n`x` $y$ a|b _c_ \\*')).to.equal(
      '> \\`\\`\\`js  \n> \\~\\~\\~  \n> \\`x\\` \\$y\\$ a\\|b \\_c\\_ \\\\\\*',
    )
  })

  it('lets no address become a link, within which escapes would be shown', () => {
    expect(quoted('see https://h/a_b?c&d or FTP://h')).to.equal('> see https\\://h/a\\_b?c\\&d or FTP\\://h')
    expect(quoted('www.h/a_b (WWW.h)')).to.equal('> www\\.h/a\\_b (WWW\\.h)')
    expect(quoted('at 12:30: a/b. awww')).to.equal('> at 12:30: a/b. awww')
  })

  it('tells of files behind a word that no text can have before it', () => {
    const offer = offered({ 'a*b.pdf': 1_200 })
    const written = write(message('', { event: offer }), message('', { event: statusOf(offer, 'RECEIVED') }))
    expect(written.split('\n\n').filter((line) => line.startsWith('>'))).to.deep.equal([
      '> *file* a\\*b.pdf, 1.2 kB',
      '> *file* a\\*b.pdf received',
    ])
    expect(quoted('*file* a')).to.equal('> \\*file\\* a')
  })

  it('shows control characters as escapes', () => {
    expect(quoted('\u001b[2J\u202eevil')).to.equal('> \\\\e\\[2J\\\\u{202e}evil')
  })
})
