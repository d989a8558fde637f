import { expect } from 'chai'
import {
  MAX_PAST,
  recent,
  transferFields,
  transferRow,
  transfersWithIds,
} from '../../../../clients/files/report/listing.ts'
import type { Transfer } from '../../../../clients/store/transfers/transfer.ts'

function transfer(id: string, changes: Partial<Transfer> = {}): Transfer {
  return {
    id: id.padEnd(32, '0'),
    contact: 'bob',
    direction: 'downloading',
    name: 'report.pdf',
    files: undefined,
    size: 3_400_000,
    state: 'offered',
    position: 0,
    path: undefined,
    at: new Date(0),
    ...changes,
  }
}

describe('recent', () => {
  it('has all that goes on, and the last that are over', () => {
    const over = Array.from({ length: MAX_PAST + 5 }, (_, index) => transfer(`${index}`, { state: 'declined' }))
    const open = transfer('a')
    expect(recent([open, ...over])).to.deep.equal([open, ...over.slice(5)])
  })
})

describe('transferRow', () => {
  it('tells which, whose and what has become of it', () => {
    expect(transferRow(transfer('ab12cd34ef'))).to.equal('ab12cd34  from bob  report.pdf, 3.4 MB, offered')
    const given = transfer('ab12cd34ef', { direction: 'uploading', state: 'declined', name: 'a\u001b' })
    expect(transferRow(given)).to.equal('ab12cd34  to bob  a\\e, 3.4 MB, declined')
  })
})

describe('transferFields', () => {
  it('has the whole id, and what only the engine knows is left out', () => {
    const fields = transferFields({ ...transfer('ab'), targetPath: '/x' } as Transfer)
    expect(fields).to.include({ type: 'transfer', id: 'ab'.padEnd(32, '0'), state: 'offered' })
    expect(fields).to.not.have.property('targetPath')
  })
})

describe('transfersWithIds', () => {
  const all = [transfer('ab1'), transfer('ab2'), transfer('c')]

  it('finds one by the beginning of its id', () => {
    expect(transfersWithIds(all, ['ab1'])).to.deep.equal([all[0]])
    expect(transfersWithIds(all, ['C', all[1]?.id ?? ''])).to.deep.equal([all[2], all[1]])
  })

  it('finds one once, however often it is named', () => {
    expect(transfersWithIds(all, ['ab1', 'c', 'AB1'])).to.deep.equal([all[0], all[2]])
  })

  it('names all that name none', () => {
    expect(() => transfersWithIds(all, ['c', 'd', 'e'])).to.throw('the id d, e')
  })

  it('refuses what names none or several', () => {
    const codeOf = (digits: string) =>
      expect(() => transfersWithIds(all, ['c', digits]), digits)
        .to.throw()
        .with.property('code')
    codeOf('d').that.equals('ERR_NO_SUCH_FILE')
    codeOf('ab').that.equals('ERR_USAGE')
    for (const none of ['', 'xyz', 'a'.repeat(33)]) codeOf(none).that.equals('ERR_USAGE')
  })
})
