import { expect } from 'chai'
import type { Store } from '../../../../clients/store/store.ts'
import { encodedFileEvent, offered } from '../../../support/file-events.ts'
import { permitWriting } from '../../../support/permits.ts'
import { BOB_KEY, outgoingText, shown, testStore } from '../../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../support/temporary-folder.ts'

describe('search', () => {
  let folder: TemporaryFolder
  let store: Store
  beforeEach(async () => {
    folder = await temporaryFolder()
    store = testStore(folder.path)
  })
  afterEach(async () => {
    store.close()
    await folder[Symbol.asyncDispose]()
  })

  async function finds(text: string, words: string): Promise<boolean> {
    store.forget('bob')
    store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText(text)])
    return (await Array.fromAsync(store.search(words))).length > 0
  }

  const found: ReadonlyArray<readonly [words: string, text: string]> = [
    ['BRIDGE', 'meet me at the bridge'],
    ['bridge meet', 'Meet me at the Bridge'],
    ['ridg', 'the bridge'],
    ['strasse', 'Hauptstraße 3'],
    ['STRASSE', 'hauptstraße 3'],
    ['straße', 'HAUPTSTRASSE 3'],
    ['ΟΔΟΣ', 'οδος'],
    ['οδοσ', 'ΟΔΟΣ'],
    ['école', 'E\u0301COLE'],
    ['e\u0301cole', 'École'],
    ['ＦＵＬＬ', 'full width'],
    ['東京', '明日東京へ行く'],
    ['привет', 'ПРИВЕТ'],
    ['��', 'well �� done'],
    ['a\u3000b', 'b and a'],
    ['%', '100 %'],
    ['.*', 'a regular .* expression'],
  ]
  for (const [words, text] of found) {
    it(`finds “${text}” by “${words}”`, async () => {
      expect(await finds(text, words)).to.equal(true)
    })
  }

  it('finds an offer of files by their names', async () => {
    const offer = encodedFileEvent(offered({ 'Urlaub/strand.jpg': 1, 'Urlaub/Straße.jpg': 1 }))
    store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [offer])
    for (const words of ['strand', 'STRASSE', 'urlaub jpg', 'urlaub/strand']) {
      expect(await Array.fromAsync(store.search(words)), words).to.have.length(1)
    }
    expect(await Array.fromAsync(store.search('strand.png'))).to.deep.equal([])
  })

  const missed: ReadonlyArray<readonly [words: string, text: string]> = [
    ['bridge tunnel', 'the bridge'],
    ['.*', 'anything'],
    ['', 'anything'],
    ['  \u3000 ', 'anything'],
    ['resume', 'résumé'],
  ]
  for (const [words, text] of missed) {
    it(`does not find “${text}” by “${words}”`, async () => {
      expect(await finds(text, words)).to.equal(false)
    })
  }

  it('searches all conversations, or those that are named', async () => {
    for (const name of ['bob', 'carol']) {
      const messageLog = store.messageLog(name, BOB_KEY)
      messageLog.append(permitWriting(name), [outgoingText(`${name} one`), outgoingText('two')])
      messageLog.append(permitWriting(name), [outgoingText(`${name} three one`)])
    }
    const all = shown(await Array.fromAsync(store.search('one')))
    expect(all).to.deep.equal(['bob one', 'bob three one', 'carol one', 'carol three one'])
    expect(shown(await Array.fromAsync(store.search('ONE', ['carol'])))).to.deep.equal(['carol one', 'carol three one'])
  })
})
