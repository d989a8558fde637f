import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { checkNewPassword } from '../../../../services/auth/passwords/new-password.ts'
import { MAX_PASSWORD_BYTES } from '../../../../services/auth/validation.ts'
import { passwordOf } from '../../../support/auth-records.ts'

/** What is said of a password; nothing where it may be set. */
function saidOf(text: string, username = 'bob'): string {
  try {
    checkNewPassword(username, passwordOf(text))
  } catch (error) {
    if (!(error instanceof SottoError)) throw error
    expect(error.code).to.equal('ERR_INVALID_ARGUMENT')
    return error.message
  }
  return ''
}

describe('a new password', () => {
  it('has 8 characters at least, however many bytes and parts each has', () => {
    for (const text of [
      '',
      'x',
      'seven77',
      `${'\u00fc'.repeat(3)}four`,
      'u\u0308'.repeat(4),
      '\u{1f642}\u{1f600}123',
    ]) {
      expect(saidOf(text), text).to.include('8 characters')
    }
    for (const text of ['eight 88', '\u00fcber all', '\u{1f642}\u{1f600}123456'])
      expect(saidOf(text), text).to.equal('')
  })

  it('has 1,024 bytes at most', () => {
    const long = 'word '.repeat(MAX_PASSWORD_BYTES / 5)
    expect(saidOf(long.padEnd(MAX_PASSWORD_BYTES, 'x'))).to.equal('')
    expect(saidOf(long.padEnd(MAX_PASSWORD_BYTES + 1, 'x'))).to.include('1024 bytes')
  })

  it('is none of those that everybody tries first, in whatever letters', () => {
    for (const text of [
      'password',
      'PassWord',
      '12345678',
      'qwertyuiop',
      'iloveyou',
      'trustno1',
      'password1',
      '1q2w3e4r',
    ]) {
      expect(saidOf(text), text).to.include('first that anybody would try')
    }
    for (const text of ['aaaaaaaa', '\u{1f642}'.repeat(9)]) expect(saidOf(text), text).to.include('first that anybody')
    expect(saidOf('Bob.Baumeister', 'bob.baumeister')).to.include('first that anybody')
    expect(saidOf('bob.baumeister', 'alice')).to.equal('')
  })
})
