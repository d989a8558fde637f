import { expect } from 'chai'
import { complete } from '../../../../clients/chat/screen/completion.ts'

const NAMES = ['alice', 'bob', 'bobby']

describe('complete', () => {
  const cases: readonly [line: string, endings: string[], part: string][] = [
    ['/ver', ['/verify ', '/verified '], '/ver'],
    ['/he', ['/help '], '/he'],
    ['/x', [], '/x'],
    ['@bo', ['@bob ', '@bobby '], '@bo'],
    ['@', ['@alice ', '@bob ', '@bobby '], '@'],
    ['/to al', ['alice '], 'al'],
    ['/block ', ['alice ', 'bob ', 'bobby '], ''],
    ['/search al', [], '/search al'],
    ['/nonsense al', [], '/nonsense al'],
    ['hello al', [], 'hello al'],
    ['/file /de', ['dev/'], 'de'],
    ['/accept /de', [], '/accept /de'],
    ['', [], ''],
  ]
  for (const [line, endings, part] of cases) {
    it(`has ${endings.length || 'no'} endings for "${line}"`, () => {
      expect(complete(line, NAMES)).to.deep.equal([endings, part])
    })
  }
})
