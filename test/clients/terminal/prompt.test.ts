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

  it('gives all lines that were typed before Ctrl-D, and shows things after it, without a prompt', async () => {
    const keyboard = new VirtualKeyboard()
    const output = new CapturedStream()
    const prompt = new Prompt({ input: keyboard, output, prompt: '> ' })
    const lines: string[] = []
    keyboard.write('one\rtwo\rthree\r\u0004')
    for await (const line of prompt.lines()) {
      lines.push(line)
      await new Promise(setImmediate)
    }
    expect(lines).to.deep.equal(['one', 'two', 'three'])
    const written = output.text.length
    prompt.printAbove(() => output.write('shown\n'))
    prompt.close()
    expect(output.text.slice(written)).to.equal('shown\n')
  })

  it('gives the tabs that were typed or pasted, hears Ctrl-C anywhere, and is raw again when the program goes on', async () => {
    const keyboard = new VirtualKeyboard()
    const output = new CapturedStream()
    const prompt = new Prompt({ input: keyboard, output, prompt: '> ' })
    const first = prompt.lines().next()
    keyboard.write('\tone\ttwo\r')
    expect((await first).value).to.equal('\tone\ttwo')

    const modes: boolean[] = []
    keyboard.setRawMode = (isRaw) => void modes.push(isRaw)
    const written = output.text.length
    process.emit('SIGCONT', 'SIGCONT')
    expect(modes).to.deep.equal([false, true])
    expect(output.text.slice(written)).to.include('> ')

    keyboard.write('\u001b[\u0003')
    await new Promise(setImmediate)
    expect(prompt.interrupted.aborted).to.equal(true)
    prompt.close()
  })
})
