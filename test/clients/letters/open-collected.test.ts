import { expect } from 'chai'
import { type ErrorCode, SottoError } from '#lib/errors.ts'
import { refuse } from '../../../clients/letters/open-collected.ts'
import { codeOf } from '../../support/code-of.ts'

describe('refuse', () => {
  const refused: string[] = []
  const options = { onRefused: ({ code }: SottoError) => void refused.push(code) }
  const outcomeOf = (code: ErrorCode) => refuse(new SottoError(code, 'a letter failed'), options)

  it('keeps a letter until the clock is right, or the user has decided about the key', () => {
    for (const code of ['ERR_TICKET_FUTURE', 'ERR_KEY_CHANGED', 'ERR_KEY_MISMATCH'] as const) {
      expect(outcomeOf(code)).to.equal('kept')
    }
    expect(refused).to.deep.equal([])
  })

  it('has any other deleted, and says why', () => {
    expect(outcomeOf('ERR_TICKET_EXPIRED')).to.equal('useless')
    expect(refused).to.deep.equal(['ERR_TICKET_EXPIRED'])
  })

  it('leaves to others what was not the letter’s failure', () => {
    expect(codeOf(() => outcomeOf('ERR_STORE'))).to.equal('ERR_STORE')
  })
})
