import { expect } from 'chai'
import fc from 'fast-check'
import { helpRows } from '../../../clients/chat/chat-help.ts'
import { COMMANDS, lineOf, MAX_HISTORY, type Message, parseLine, recipientOf } from '../../../clients/chat/command.ts'
import { anyName } from '../../support/arbitrary.ts'
import { assertProperty } from '../../support/property.ts'

describe('parseLine', () => {
  const messages: readonly [line: string, text: string][] = [
    ['hello', 'hello'],
    ['  hello  ', 'hello'],
    ['and/or', 'and/or'],
    ['//etc/hosts', '/etc/hosts'],
    ['@@bob', '@bob'],
    ['one\ntwo', 'one\ntwo'],
    ['@', '@'],
    ['@Home sweet home', '@Home sweet home'],
    ["@ 10 o'clock", "@ 10 o'clock"],
  ]
  for (const [line, text] of messages) {
    it(`takes ${JSON.stringify(line)} for the message ${JSON.stringify(text)}`, () => {
      expect(parseLine(line)).to.deep.equal({ kind: 'message', to: undefined, text })
    })
  }

  it('takes an empty line for nothing', () => {
    for (const line of ['', '   ', '\t\n']) expect(parseLine(line)).to.equal(undefined)
  })

  it('addresses a message to whomever it names', () => {
    expect(parseLine('@bob  see you @10\nor later')).to.deep.equal({
      kind: 'message',
      to: 'bob',
      text: 'see you @10\nor later',
    })
  })

  const commands: readonly [line: string, name: string, argument: string | undefined][] = [
    ['/help', 'help', undefined],
    ['/QUIT', 'quit', undefined],
    ['/who ', 'who', undefined],
    ['/to bob', 'to', 'bob'],
    ['/trust bob', 'trust', 'bob'],
    ['/verify  bob ', 'verify', 'bob'],
    ['/search words with spaces', 'search', 'words with spaces'],
    ['/history', 'history', undefined],
    ['/history 5', 'history', '5'],
    [`/history ${MAX_HISTORY}`, 'history', String(MAX_HISTORY)],
    ['/search two words', 'search', 'two words'],
    ['/file ~/my  file.pdf', 'file', '~/my  file.pdf'],
    ['/accept', 'accept', undefined],
    ['/accept 2', 'accept', '2'],
    ['/decline my file.pdf', 'decline', 'my file.pdf'],
    ['/block', 'block', undefined],
    ['/forget bob', 'forget', 'bob'],
    ['/forget bob yes', 'forget', 'bob yes'],
    ['/verify', 'verify', undefined],
    ['/verified', 'verified', undefined],
    ['/trust', 'trust', undefined],
    ['/block mallory', 'block', 'mallory'],
    ['/unblock mallory', 'unblock', 'mallory'],
  ]
  for (const [line, name, argument] of commands) {
    it(`takes ${line} for a command`, () => {
      expect(parseLine(line)).to.deep.equal({ kind: 'command', name, argument })
    })
  }

  it('says of an unknown command how the line is said as it stands', () => {
    const mistake = parseLine('/etc/hosts is a file')
    expect(mistake).to.have.property('what').that.includes('//etc/hosts says /etc/hosts')
    expect(parseLine('//etc/hosts is a file')).to.deep.include({ kind: 'message', text: '/etc/hosts is a file' })
  })

  const mistakes = [
    '/',
    '/nonsense',
    '/constructor',
    '/to',
    '/to Bob',
    '/to bob and carol',
    '/quit now',
    '/forget',
    '/forget yes no',
    '/forget bob no',
    '/history many',
    '/history 0',
    '/history -1',
    `/history ${MAX_HISTORY + 1}`,
    '/search',
    '/search',
    '@bob',
    '@bob   ',
  ]
  for (const line of mistakes) {
    it(`finds the mistake in ${line}`, () => {
      expect(parseLine(line)).to.have.property('kind', 'mistake')
    })
  }

  it('says what a command needs', () => {
    const needs = ['/to', '/forget', '/search', '/file', '/again', '/drop'].map((line) => parseLine(line))
    expect(needs).to.deep.equal(
      [
        '/to needs a name after it',
        '/forget needs a name after it',
        '/search needs words after it',
        '/file needs a path after it',
        '/again needs an id, or all, after it',
        '/drop needs an id, or all, after it',
      ].map((what) => ({ kind: 'mistake', what })),
    )
  })

  it('never sends what begins with one slash', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.startsWith('/'))
        expect(parseLine(`/${text}`)).not.to.have.property('kind', 'message')
      }),
    )
  })

  it('sends any text to anybody by name', () => {
    assertProperty(
      fc.property(anyName, fc.string({ unit: 'grapheme', minLength: 1 }), (to, text) => {
        fc.pre(text.trim() === text)
        expect(parseLine(`@${to} ${text}`)).to.deep.equal({ kind: 'message', to, text })
      }),
    )
  })
})

describe('helpRows', () => {
  it('names every command, in rows that fit 80 columns', () => {
    const rows = helpRows()
    for (const name of Object.keys(COMMANDS))
      expect(rows.some((row) => row.startsWith(`/${name}`))).to.equal(true, name)
    for (const row of rows) expect(row.length).to.be.at.most(67, row)
  })
})

describe('recipientOf', () => {
  it('names whom a message will go to', () => {
    expect([recipientOf(parseLine('hi'), 'bob'), recipientOf(parseLine('//etc'), 'bob')]).to.deep.equal(['bob', 'bob'])
    expect(recipientOf(parseLine('@carol hi'), 'bob')).to.equal('carol')
  })

  it('names nobody where the line is no message, or not yet', () => {
    const recipients = ['', ' ', '/', '/who', '/nonsense', '@carol'].map((line) => recipientOf(parseLine(line), 'bob'))
    expect(new Set(recipients)).to.deep.equal(new Set([undefined]))
    expect(recipientOf(parseLine('hi'), undefined)).to.equal(undefined)
  })
})

describe('lineOf', () => {
  it('is the line as it was typed', () => {
    for (const line of ['hello', '@bob hello', '//etc', '@Home sweet home', '@', 'two\nlines']) {
      expect(lineOf(parseLine(line) as Message)).to.equal(line)
    }
  })

  it('says the same once more', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'grapheme' }), (line) => {
        const message = parseLine(line)
        fc.pre(message?.kind === 'message')
        expect(parseLine(lineOf(message as Message))).to.deep.equal(message)
      }),
    )
  })
})
