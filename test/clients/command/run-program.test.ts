import { mkdirSync } from 'node:fs'
import { expect } from 'chai'
import { ERROR_CODES, SottoError } from '#lib/errors.ts'
import { reportFailure } from '../../../clients/command/run-program.ts'
import { CapturedStream } from '../../support/captured-stream.ts'

function told(error: unknown): { code: number; lines: string[] } {
  const output = new CapturedStream()
  const code = reportFailure(error, output)
  return { code, lines: output.text.split('\n').slice(0, -1) }
}

describe('reportFailure', () => {
  for (const code of ERROR_CODES.filter((each) => each !== 'ERR_INTERRUPTED')) {
    it(`says what happened and what to do next, of a bare ${code}`, () => {
      const { lines } = told(new SottoError(code, 'something went wrong'))
      expect(lines).to.have.length(2)
      expect(lines[0]).to.equal(`sotto: something went wrong (${code})`)
      expect(lines[1]).to.match(/^sotto: .{10}/)
    })
  }

  it('ends with the hint of a failure that has one', () => {
    const { lines } = told(new SottoError('ERR_USAGE', 'wrong', { hint: 'do it right' }))
    expect(lines.at(-1)).to.equal('sotto: do it right')
  })

  it('names every field that breaks a limit before that', () => {
    const violations = [
      { field: 'username', description: 'too long' },
      { field: 'password', description: 'too short' },
    ]
    const { lines } = told(new SottoError('ERR_INVALID_ARGUMENT', 'two limits', { violations }))
    expect(lines.slice(0, 2)).to.deep.equal(['sotto: username: too long', 'sotto: password: too short'])
  })

  it('tells a fault without its stack', () => {
    const { code, lines } = told(new TypeError('x is undefined'))
    expect([code, lines.length]).to.deep.equal([1, 2])
    expect(lines[0]).to.include('x is undefined').and.to.include('ERR_INTERNAL')
  })

  it('does not take a full disk or a closed folder for a fault of Sotto', () => {
    let refusal: unknown
    try {
      mkdirSync('/dev/null/folder')
    } catch (error) {
      refusal = error
    }
    const { code, lines } = told(refusal)
    expect([code, lines.length]).to.deep.equal([1, 2])
    expect(lines[0]).to.include('ENOTDIR').and.to.include('ERR_STORE')
  })

  it('says nothing to whoever pressed Ctrl-C', () => {
    expect(told(new SottoError('ERR_INTERRUPTED', 'interrupted'))).to.deep.equal({ code: 130, lines: [] })
  })
})
