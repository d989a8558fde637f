import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import type { Secret } from '#lib/secret.ts'
import { PasswordReader } from '../../../clients/terminal/password.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { rejection } from '../../support/rejection.ts'
import { VirtualKeyboard } from '../../support/virtual-terminal.ts'

describe('PasswordReader', () => {
  let keyboard: VirtualKeyboard
  let output: CapturedStream
  beforeEach(() => {
    keyboard = new VirtualKeyboard()
    output = new CapturedStream()
  })

  const read = async (keys: string): Promise<string> => {
    using passwords = new PasswordReader({ input: keyboard, output })
    const password = passwords.read('password')
    keyboard.write(keys)
    return Buffer.from((await password).reveal()).toString('utf8')
  }

  const corrections: readonly [keys: string, password: string][] = [
    ['secrex\u007ft\r', 'secret'],
    ['wrong\u0015secret\r', 'secret'],
    ['one two\u0017three\r', 'one three'],
    ['e\u0301\u007fsecret\u001b[D\r', 'secret'],
  ]
  for (const TERM of ['xterm-256color', 'dumb']) {
    it(`lets somebody correct what nobody sees on TERM=${TERM}`, async () => {
      const before = process.env['TERM']
      process.env['TERM'] = TERM
      try {
        for (const [keys, password] of corrections) expect(await read(keys), keys).to.equal(password)
      } finally {
        if (before === undefined) delete process.env['TERM']
        else process.env['TERM'] = before
      }
      expect(output.text).to.equal('password: \n'.repeat(corrections.length))
    })
  }

  describe('for a password that is being set', () => {
    const check = (password: Secret) => {
      if (password.length < 8) throw new SottoError('ERR_INVALID_ARGUMENT', 'too short', { hint: 'take a longer one' })
    }
    const set = async (...answers: readonly string[]): Promise<string> => {
      using passwords = new PasswordReader({ input: keyboard, output })
      const password = passwords.read('password', { twice: true, check })
      keyboard.write(answers.map((answer) => `${answer}\r`).join(''))
      return Buffer.from((await password).reveal()).toString('utf8')
    }

    it('tells a person what is wrong and asks again: what will not do, two that differ, nothing', async () => {
      expect(await set('short', 'long enough', 'long enouhg', 'long enough', 'long enough')).to.equal('long enough')
      expect(output.text.split('\n')).to.include.members([
        'sotto: too short: take a longer one',
        'sotto: the two passwords differ: try again; nothing was changed',
      ])
      expect(await set('', 'long enough', 'long enough')).to.equal('long enough')
    })

    it('gives up after three times', async () => {
      expect((await rejection(set('one', 'two', 'three'))).code).to.equal('ERR_INVALID_ARGUMENT')
    })

    it('hears Ctrl-C between two of them', async () => {
      expect((await rejection(set('short', '\u0003'))).code).to.equal('ERR_INTERRUPTED')
    })
  })

  it('is raw while it reads, and again when the program goes on, with the question anew', async () => {
    using passwords = new PasswordReader({ input: keyboard, output })
    const password = passwords.read('password')
    const modes: boolean[] = [keyboard.isRaw]
    keyboard.setRawMode = (isRaw) => void modes.push(isRaw)
    process.emit('SIGCONT', 'SIGCONT')
    expect(modes).to.deep.equal([true, false, true])
    keyboard.write('secret\r')
    await password
    expect(output.text).to.equal('password: password: \n')
  })

  it('hears Ctrl-C, also behind the beginning of an escape sequence', async () => {
    for (const keys of ['\u0003', 'half\u0003', '\u001b[\u0003', '\u001b[200~paste\u0003']) {
      keyboard = new VirtualKeyboard()
      expect((await rejection(read(keys))).code, JSON.stringify(keys)).to.equal('ERR_INTERRUPTED')
      expect(keyboard.isRaw).to.equal(false)
    }
  })
})
