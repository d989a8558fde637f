import { expect } from 'chai'
import type { Contact } from '../../../../clients/chat/screen/entry.ts'
import { renderStatus } from '../../../../clients/chat/screen/render-status.ts'
import { createCalendar } from '../../../../clients/terminal/calendar.ts'

const view = (columns = 79) => ({ columns, rows: 22, colour: false, calendar: createCalendar('UTC') })

const contact = (name: string, fields: Partial<Contact> = {}): Contact => ({
  name,
  online: true,
  typing: false,
  unread: 0,
  ...fields,
})

describe('renderStatus', () => {
  it('says how to begin where nobody is talked with', () => {
    expect(renderStatus({ to: undefined, contacts: [] }, view())).to.equal('/to NAME says whom to talk with')
  })

  it('says first what it is told to', () => {
    const status = { banner: 'you are alice', to: 'bob', contacts: [contact('bob')] }
    expect(renderStatus(status, view())).to.equal('you are alice | bob is online')
  })

  it('says whether the other is online, offline or typing', () => {
    const said = (fields?: Partial<Contact>) => renderStatus({ to: 'bob', contacts: [contact('bob', fields)] }, view())
    expect(said()).to.equal('bob is online')
    expect(said({ online: false })).to.equal('bob is offline')
    expect(said({ typing: true })).to.equal('bob is typing')
    expect(renderStatus({ to: 'bob', contacts: [] }, view())).to.equal('bob is offline')
  })

  it('says which way the conversation goes, where that is through the relay', () => {
    const said = (route: Contact['route']) => renderStatus({ to: 'bob', contacts: [contact('bob', { route })] }, view())
    expect(said('relay')).to.equal('bob is online, through the relay')
    expect(said('direct')).to.equal('bob is online')
  })

  it('counts what others wrote, and names who types and who is there', () => {
    const contacts = [
      contact('bob', { unread: 9 }),
      contact('carol', { unread: 3, typing: true }),
      contact('dave', { online: false, unread: 1 }),
      contact('erin'),
      contact('frank'),
      contact('grace', { online: false }),
    ]
    expect(renderStatus({ to: 'bob', contacts }, view(99))).to.equal(
      'bob is online | carol: 3 new | dave: 1 new | carol is typing | online: erin, frank',
    )
  })

  it('counts first those who have written, where they are more than a row has room for', () => {
    const contacts = Array.from({ length: 12 }, (_, index) => contact(`friend${index}`, { unread: 1 }))
    const row = renderStatus({ to: 'bob', contacts: [contact('bob'), ...contacts] }, view())
    expect(row).to.match(/^bob is online \| 12 have written: Alt-A \| friend0: 1 new \|/)
  })

  it('says who one is, where there is room for all', () => {
    const status = { self: 'alice', to: 'bob', contacts: [contact('bob'), contact('carol', { unread: 3 })] }
    const whole = 'alice | bob is online | carol: 3 new'
    expect(renderStatus(status, view(whole.length))).to.equal(whole)
    expect(renderStatus(status, view(whole.length - 1))).to.equal('bob is online | carol: 3 new')
    expect(renderStatus({ ...status, self: undefined }, view())).to.equal('bob is online | carol: 3 new')
  })

  it('is one row, however many there are', () => {
    const contacts = Array.from({ length: 100 }, (_, index) => contact(`name${index}`, { unread: index }))
    expect(renderStatus({ to: 'bob', contacts }, view(40))).to.have.lengthOf(40)
  })
})
