import { expect } from 'chai'
import { type Completer, type Line, LineEditor } from '../../../../clients/chat/screen/line-editor.ts'
import { VirtualKeyboard } from '../../../support/virtual-terminal.ts'

const [LEFT, RIGHT, UP, HOME, DELETE] = ['\u001b[D', '\u001b[C', '\u001b[A', '\u001b[H', '\u001b[3~']
const [BACKSPACE, RETURN, TAB] = ['\u007f', '\r', '\t']
const pasted = (text: string): string => `\u001b[200~${text}\u001b[201~`

describe('LineEditor', () => {
  let keyboard: VirtualKeyboard
  let editor: LineEditor
  let events: string[]
  let lines: Line[]
  const open = (complete: Completer = (line) => [[], line]): void => {
    keyboard = new VirtualKeyboard()
    editor = new LineEditor(keyboard, complete)
    events = []
    lines = []
    editor.on('line', (line) => {
      events.push(line.text)
      lines.push(line)
    })
    for (const name of ['interrupt', 'end', 'redraw'] as const) editor.on(name, () => events.push(`(${name})`))
  }
  beforeEach(() => open())
  afterEach(() => editor.close())

  /** Press keys, and wait until all have been heard. */
  async function press(...keys: readonly string[]): Promise<void> {
    keyboard.write(keys.join(''))
    await new Promise((resolve) => setImmediate(resolve))
  }

  it('puts the terminal in raw mode, and back when it is closed', () => {
    expect(keyboard.isRaw).to.equal(true)
    editor.close()
    expect(keyboard.isRaw).to.equal(false)
  })

  it('holds the line and the cursor', async () => {
    await press('hello', LEFT, LEFT, 'X')
    expect(editor.line).to.equal('helXlo')
    expect(editor.cursor).to.equal(4)
  })

  it('gives a line that is ended, and begins another', async () => {
    await press('one', RETURN, 'two')
    expect(events).to.deep.equal(['one'])
    expect(editor.line).to.equal('two')
  })

  it('goes back to lines before', async () => {
    await press('one', RETURN, UP, '!', RETURN)
    expect(events).to.deep.equal(['one', 'one!'])
  })

  it('has a line again that is given back, with its line ends, unless there is another', async () => {
    await press(pasted('one\ntwo'), RETURN)
    expect(editor.restoreInput(lines[0] as Line)).to.equal(true)
    await press('!', RETURN)
    expect(lines[1]).to.deep.equal({ text: 'one\ntwo!', isPasted: true })
    await press('other')
    expect(editor.restoreInput(lines[0] as Line)).to.equal(false)
    expect(editor.line).to.equal('other')
  })

  const whole: readonly [what: string, text: string][] = [
    ['a family', '👨‍👩‍👧‍👦'],
    ['a flag', '🇩🇪'],
    ['a skin colour', '👍🏽'],
    ['a letter with an accent of its own', 'e\u0301'],
    ['a wide character', '漢'],
  ]
  for (const [what, text] of whole) {
    it(`takes ${what} for one character`, async () => {
      await press(`a${text}b`, LEFT, LEFT, 'x')
      expect(editor.line).to.equal(`ax${text}b`)
      await press(RIGHT, BACKSPACE)
      expect(editor.line).to.equal('axb')
      await press(HOME, RIGHT, RIGHT, text, LEFT, DELETE)
      expect(editor.line).to.equal('axb')
    })
  }

  it('tells of every key, also over what has no width', async () => {
    await press('e\u0301')
    let changes = 0
    editor.on('change', () => {
      changes += 1
    })
    await press('\u001b[D')
    expect(changes).to.be.above(0)
    expect(editor.cursor).to.equal(0)
  })

  it('keeps a pasted text in one line until it is sent, with its line ends and without control sequences', async () => {
    await press('say ', pasted('one\r\ntwo\rthree\n\tfour\u001b[2J'), '!')
    expect(events).to.deep.equal([])
    await press(RETURN)
    expect(events).to.deep.equal(['say one\ntwo\nthree\n\tfour!'])
  })

  it('keeps a paste that comes in pieces together', async () => {
    for (const character of pasted('one\ntwo')) await press(character)
    expect(editor.line).to.equal('one\ntwo')
  })

  it('gives every text as it was pasted, marks and separators of lines too', async () => {
    const text = ' \t␤ and ␉\u0007 \u2028 \u2029 👩‍👩‍👧‍👦\ufeff\n'
    await press(pasted(text), LEFT, LEFT, RIGHT, RIGHT, RETURN)
    expect(lines).to.deep.equal([{ text, isPasted: true }])
    await press(UP, RETURN)
    expect(lines[1]).to.deep.equal(lines[0])
  })

  it('tells a line that begins with a paste from one that was typed', async () => {
    await press(pasted('/etc/hosts'), RETURN)
    await press('  ', pasted('/etc/hosts'), RETURN)
    await press(pasted('/etc/hosts'), HOME, '/', RETURN)
    await press('/file ', pasted('/etc/hosts'), RETURN)
    expect(lines.map(({ isPasted }) => isPasted)).to.deep.equal([true, true, false, false])
  })

  it('hears Ctrl-C in a paste that never ends, and takes the rest of it for no typing', async () => {
    await press('\u001b[200~one\u0003two', RETURN, 'three')
    expect(editor.line).to.equal('')
    await press('four', RETURN)
    expect(events).to.deep.equal(['four'])
  })

  it('hears Ctrl-C where it ends what looks like an escape sequence', async () => {
    await press('\u001b[', '\u0003')
    expect(events).to.deep.equal(['(interrupt)'])
  })

  it('puts the terminal in raw mode again when the program goes on, whatever stopped it', () => {
    const modes: boolean[] = []
    const setRawMode = keyboard.setRawMode.bind(keyboard)
    keyboard.setRawMode = (isRaw) => void modes.push(isRaw)
    process.emit('SIGCONT', 'SIGCONT')
    keyboard.setRawMode = setRawMode
    expect(modes).to.deep.equal([false, true])
  })

  it('completes a word that is told apart, and else as far as the choices agree', async () => {
    open((line) => [['bobby ', 'bobbin '].filter((word) => word.startsWith(line)), line])
    await press('bo', TAB)
    expect(editor.line).to.equal('bobb')
    await press('y', TAB, 'x')
    expect(editor.line).to.equal('bobby x')
    await press(TAB)
    expect(editor.line).to.equal('bobby x')
  })

  it('empties a line at Ctrl-C, and tells of it on an empty one', async () => {
    await press('hello', '\u0003')
    expect(editor.line).to.equal('')
    expect(events).to.deep.equal([])
    await press('\u0003')
    expect(events).to.deep.equal(['(interrupt)'])
  })

  it('ends at Ctrl-D on an empty line, and only there', async () => {
    await press('hello', '\u0004')
    expect(events).to.deep.equal([])
    await press('\u0003', '\u0004')
    expect(events).to.deep.equal(['(end)'])
  })

  it('ends with its input', async () => {
    keyboard.end()
    await new Promise((resolve) => editor.once('end', () => resolve(undefined)))
    expect(keyboard.isRaw).to.equal(false)
  })

  it('ends when the terminal is closed under it', async () => {
    keyboard.destroy(new Error('EIO'))
    await new Promise((resolve) => editor.once('end', () => resolve(undefined)))
    expect(events).to.deep.equal(['(end)'])
  })

  it('asks for a new drawing at Ctrl-L', async () => {
    await press('\u000c')
    expect(events).to.deep.equal(['(redraw)'])
  })
})
