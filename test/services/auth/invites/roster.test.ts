import { expect } from 'chai'
import fc from 'fast-check'
import { isSottoError } from '#lib/errors.ts'
import { MAX_ROSTER_BYTES, MAX_ROSTER_PEOPLE, parseRoster } from '../../../../services/auth/invites/roster.ts'
import { anyText } from '../../../support/arbitrary.ts'

const read = (text: string) => parseRoster(Buffer.from(text))

/** What is wrong with a roster, a line each; or the code of another refusal. */
function faultsOf(roster: string | Uint8Array): string[] {
  try {
    parseRoster(Buffer.from(roster))
    return []
  } catch (error) {
    if (!isSottoError(error)) throw error
    if (error.code !== 'ERR_INVALID_ARGUMENT') return [error.code]
    return error.violations.map(({ field, description }) => `${field}: ${description}`)
  }
}

describe('parseRoster', () => {
  it('reads names, display names and cohorts, in any order of columns', () => {
    expect(read('name\nalice\n')).to.deep.equal([{ line: 2, name: 'alice', displayName: '', cohort: undefined }])
    expect(read('Cohort,Display Name,Name\nspring,"Alice  ""M"" Müller",alice\n,,bob')).to.deep.equal([
      { line: 2, name: 'alice', displayName: 'Alice "M" Müller', cohort: 'spring' },
      { line: 3, name: 'bob', displayName: '', cohort: undefined },
    ])
  })

  it('reads what spreadsheets write: a byte order mark, CRLF, semicolons or tabs, empty lines at the end', () => {
    for (const text of [
      '\ufeffname;display_name\r\nalice;"Müller; Alice"\r\n\r\n',
      'name\tdisplay_name\nalice\tMüller; Alice\n\n\n',
      'name,display_name\nalice , "Müller; Alice"\n',
    ]) {
      expect(read(text).map(({ name, displayName }) => [name, displayName])).to.deep.equal([['alice', 'Müller; Alice']])
    }
  })

  it('names every line at fault, and what is wrong with it', () => {
    const roster = 'name,display_name,cohort\nAlice,A,x\nbob,B,x\nbob,C,x\ncarol,D\n,E,x\ndave,\u202eF,x\nerin,G,X Y\n'
    const faults = faultsOf(roster)
    expect(faults.map((fault) => fault.split(':')[0])).to.deep.equal([2, 4, 5, 6, 7, 8].map((line) => `line ${line}`))
    expect(faults[1]).to.equal('line 4: bob stands on line 3 already')
    expect(faults[2]).to.equal('line 5: has 2 columns, not 3')
    expect(faults.join()).not.to.include('\u202e')
  })

  it('refuses what is no roster', () => {
    const header = 'line 1: must name the columns: name, and display_name or cohort if there are any'
    for (const text of ['', 'alice\n', 'name,password\n', 'name,name\n', 'display_name\n']) {
      expect(faultsOf(text), text).to.deep.equal([header])
    }
    expect(faultsOf('name\n')).to.deep.equal(['the file: names nobody'])
    expect(faultsOf(Buffer.from('6e616d650aff', 'hex'))).to.deep.equal(['ERR_INVALID_UTF8'])
    expect(faultsOf('name\nalice\n"bob\n')[0]).to.match(/^line \d: is no CSV from here on/)
    expect(faultsOf(Buffer.alloc(MAX_ROSTER_BYTES + 1, 'a'))[0]).to.match(/^the file: has more than/)
    const crowd = Array.from({ length: MAX_ROSTER_PEOPLE + 1 }, (_, index) => `u${index}`).join('\n')
    expect(faultsOf(`name\n${crowd}`)).to.deep.equal([`the file: has more than ${MAX_ROSTER_PEOPLE} people`])
  })

  it('fails in no other way, whatever it is given', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.uint8Array()), fc.boolean(), (given, hasHeader) => {
        faultsOf(Buffer.concat([Buffer.from(hasHeader ? 'name,display_name\n' : ''), Buffer.from(given)]))
      }),
    )
  })
})
