import { expect } from 'chai'
import { Prompt } from '../../../clients/terminal/prompt.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { VirtualKeyboard } from '../../support/virtual-terminal.ts'

describe('Prompt', () => {
  it('takes what is typed while a line is being dealt with for the beginning of the next', async () => {
    const keyboard = new VirtualKeyboard()
    const prompt = new Prompt({ input: keyboard, output: new CapturedStream(), prompt: '> ' })
    const lines = prompt.lines()
    const first = lines.next()
    keyboard.write('one\rtw')
    expect((await first).value).to.equal('one')
    const second = lines.next()
    await new Promise(setImmediate)
    keyboard.write('o\r')
    expect((await second).value).to.equal('two')
    prompt.close()
  })
})
