import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { completePath } from '../../../../clients/chat/screen/path-completion.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('completePath', () => {
  let folder: TemporaryFolder
  before(async () => {
    folder = await temporaryFolder()
    await mkdir(join(folder.path, 'my deep', 'er'), { recursive: true })
    for (const file of ['my file.pdf', 'other', '.hidden', 'line\nfeed', 'my deep/est']) {
      await writeFile(join(folder.path, file), '')
    }
  })
  after(() => folder[Symbol.asyncDispose]())

  const cases: readonly [begun: string, endings: string[], part: string][] = [
    ['', ['my deep/', 'my file.pdf', 'other'], ''],
    ['my', ['my deep/', 'my file.pdf'], 'my'],
    ['my f', ['my file.pdf'], 'my f'],
    ['my deep/', ['er/', 'est'], ''],
    ['my deep/../ot', ['other'], 'ot'],
    ['.', ['.hidden'], '.'],
    ['nowhere/x', [], 'x'],
    ['other/', [], ''],
  ]
  for (const [begun, endings, part] of cases) {
    it(`has ${endings.length || 'no'} endings for "${begun}"`, () => {
      const [found, stood] = completePath(`${folder.path}/${begun}`)
      expect([found.sort(), stood]).to.deep.equal([endings, part])
    })
  }

  it('leaves alone what stands in quotation marks or has a backslash', () => {
    for (const begun of ['"/', "'/", '/my\\ ']) expect(completePath(begun)).to.deep.equal([[], begun])
  })

  it('knows one’s home', () => {
    expect(completePath('~/nothing-of-this-name')).to.deep.equal([[], 'nothing-of-this-name'])
  })
})
