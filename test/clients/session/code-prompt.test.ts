import { expect } from 'chai'
import { type ErrorCode, SottoError } from '#lib/errors.ts'
import { type CodePrompt, withCode } from '../../../clients/session/code-prompt.ts'
import { rejection } from '../../support/rejection.ts'

/** The violation of a code that can be none. */
const NO_CODE = { violations: [{ field: 'code', description: 'must be a code' }] }

describe('a call that may ask for a code', () => {
  /** The codes that were sent, and why others were asked for. */
  let sent: string[]
  let asked: (ErrorCode | undefined)[]
  beforeEach(() => {
    sent = []
    asked = []
  })

  const prompt = (isInteractive = true): CodePrompt => ({
    isInteractive,
    async askCode(why) {
      asked.push(why?.code)
      return `code ${asked.length}`
    },
    async showSecret() {},
    showRecoveryCodes() {},
  })
  /** A server that gives these refusals, one after the other, and then lets in. */
  const server = (...refusals: readonly SottoError[]) => {
    const left = [...refusals]
    return async (code: string) => {
      sent.push(code)
      const refusal = left.shift()
      if (refusal !== undefined) throw refusal
      return 'in'
    }
  }
  const refusal = (code: ErrorCode) => new SottoError(code, 'no')

  it('is made without one, and asks nobody, unless it is needed', async () => {
    expect(await withCode({ prompt: prompt() }, server())).to.equal('in')
    expect([sent, asked]).to.deep.equal([[''], []])
  })

  it('is made again with one, and with another where that is wrong or can be none', async () => {
    const refusals = [refusal('ERR_CODE_REQUIRED'), refusal('ERR_CODE_REFUSED')]
    const malformed = new SottoError('ERR_INVALID_ARGUMENT', 'no', NO_CODE)
    expect(await withCode({ prompt: prompt() }, server(...refusals, malformed))).to.equal('in')
    expect(sent).to.deep.equal(['', 'code 1', 'code 2', 'code 3'])
    expect(asked).to.deep.equal(['ERR_CODE_REQUIRED', 'ERR_CODE_REFUSED', 'ERR_INVALID_ARGUMENT'])
  })

  it('gives up after three that were wrong, and after one that a script has given', async () => {
    const refusals = Array.from({ length: 9 }, () => refusal('ERR_CODE_REFUSED'))
    expect((await rejection(withCode({ prompt: prompt(), first: 'code 0' }, server(...refusals)))).code).to.equal(
      'ERR_CODE_REFUSED',
    )
    expect(sent).to.have.length(3)
    sent = []
    const script = withCode({ prompt: prompt(false), first: 'code 0' }, server(...refusals))
    expect((await rejection(script)).code).to.equal('ERR_CODE_REFUSED')
    expect(sent).to.deep.equal(['code 0'])
  })

  it('leads a person through enrolment, and a script not', async () => {
    let enrolled = 0
    const enrol = async () => {
      enrolled += 1
    }
    const needed = refusal('ERR_ENROLMENT_REQUIRED')
    expect(await withCode({ prompt: prompt(), enrol }, server(needed))).to.equal('in')
    expect([enrolled, sent, asked]).to.deep.equal([1, ['', 'code 1'], [undefined]])
    for (const options of [{ prompt: prompt(false), enrol }, { prompt: prompt() }, { prompt: undefined, enrol }]) {
      expect((await rejection(withCode(options, server(needed)))).code).to.equal('ERR_ENROLMENT_REQUIRED')
    }
    expect(enrolled).to.equal(1)
  })

  it('believes once each that a code is needed, and that there is no second factor', async () => {
    for (const code of ['ERR_CODE_REQUIRED', 'ERR_ENROLMENT_REQUIRED'] as const) {
      sent = []
      const always = server(...Array.from({ length: 9 }, () => refusal(code)))
      expect((await rejection(withCode({ prompt: prompt(), enrol: async () => {} }, always))).code).to.equal(code)
      expect(sent).to.have.length(2)
    }
  })

  it('passes on every other refusal, and all of them where nobody can be asked', async () => {
    const others = ['ERR_LOGIN_REFUSED', 'ERR_BUSY', 'ERR_INVALID_ARGUMENT'] as const
    for (const code of others) {
      expect((await rejection(withCode({ prompt: prompt() }, server(refusal(code))))).code).to.equal(code)
    }
    const nobody = withCode({ prompt: undefined }, server(refusal('ERR_CODE_REQUIRED')))
    expect((await rejection(nobody)).code).to.equal('ERR_CODE_REQUIRED')
  })
})
