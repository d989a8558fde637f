import { expect } from 'chai'
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
