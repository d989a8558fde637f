import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { checkPassphrase, unlockWith } from '../../../clients/command/unlock.ts'
import { wrapKey } from '../../../clients/profile/wrapped-key.ts'
import { PasswordReader } from '../../../clients/terminal/password.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { codeOf } from '../../support/code-of.ts'
import { CHEAP, passphraseOf } from '../../support/passphrases.ts'
import { secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const KEY = secretOf('profile key')

/** Somebody, or a pipe, that gives one line after the other, each when it is asked for. */
function typing(isTTY: boolean, ...lines: readonly string[]) {
  const output = new CapturedStream()
  const input = Object.assign(new PassThrough(), { isTTY })
  const left = [...lines]
  const type = (): boolean => input.write(`${left.shift() ?? ''}\n`)
  if (isTTY) output.on('captured', () => output.text.endsWith(': ') && type())
  else while (left.length > 0) type()
  return { what: 'passphrase', input, output } as const
}

describe('unlockWith', () => {
  let wrapped: Uint8Array
  before(async () => {
    wrapped = await wrapKey(KEY, passphraseOf('the right one'), CHEAP)
  })

  it('asks a person again who mistypes, shows nothing of it, and says what for', async () => {
    const terminal = typing(true, 'a wrong one', 'another', 'the right one')
    using passphrases = new PasswordReader(terminal)
    expect((await unlockWith(passphrases)(wrapped, 'alice')).equals(KEY)).to.equal(true)
    const { text } = terminal.output
    expect(text.match(/passphrase for the profile alice: /g)).to.have.length(3)
    expect(text).not.to.match(/one|another/)
  })

  it('gives up after three', async () => {
    const terminal = typing(true, 'one', 'two', 'three', 'the right one')
    using passphrases = new PasswordReader(terminal)
    expect((await rejection(unlockWith(passphrases)(wrapped, 'alice'))).code).to.equal('ERR_PASSPHRASE')
    expect(terminal.output.text.match(/alice: /g)).to.have.length(3)
  })

  it('ends at once on Ctrl-C, also where that comes with what is typed', async () => {
    for (const keys of ['\u0003', 'half of it\u0003', 'a wrong one\r\u0003the right one']) {
      using passphrases = new PasswordReader(typing(true, keys))
      expect((await rejection(unlockWith(passphrases)(wrapped, 'alice'))).code).to.equal('ERR_INTERRUPTED')
    }
  })

  it('takes one line of a pipe, and does not try the next', async () => {
    using right = new PasswordReader(typing(false, 'the right one'))
    expect((await unlockWith(right)(wrapped, 'alice')).equals(KEY)).to.equal(true)
    using wrong = new PasswordReader(typing(false, 'a wrong one', 'the right one'))
    expect((await rejection(unlockWith(wrong)(wrapped, 'alice'))).code).to.equal('ERR_PASSPHRASE')
  })
})

describe('checkPassphrase', () => {
  it('takes eight characters or more, of any script', () => {
    for (const enough of ['12345678', '八つの文字です。', '🐎🔋📎🐎🔋📎🐎🔋']) {
      expect(
        codeOf(() => checkPassphrase(passphraseOf(enough))),
        enough,
      ).to.equal('none')
    }
    for (const few of ['1234567', '🐎🔋📎🐎'])
      expect(codeOf(() => checkPassphrase(passphraseOf(few)))).to.equal('ERR_USAGE')
  })
})
