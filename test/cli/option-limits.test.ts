import { expect } from 'chai'
import { InvalidArgumentError } from 'commander'
import { hoursOption } from '../../cli/admin/hours.ts'
import { seconds } from '../../clients/command/client-flags.ts'

describe('an option that takes a number', () => {
  it('takes what is within its limits', () => {
    expect(['0', '0.5', '86400'].map(seconds)).to.deep.equal([0, 0.5, 86_400])
    expect(hoursOption().parseArg?.('0.5', undefined)).to.equal(0.5)
  })

  it('says both of its limits where a number is beyond one', () => {
    for (const text of ['-1', '86401', '', 'soon']) {
      expect(() => seconds(text), text).to.throw(InvalidArgumentError, 'a number of seconds from 0 to 86400.')
    }
    for (const text of ['0', '4417', '', 'soon']) {
      const parse = () => hoursOption().parseArg?.(text, undefined)
      expect(parse, text).to.throw(InvalidArgumentError, 'a number of hours above 0, at most 4416.')
    }
  })
})
