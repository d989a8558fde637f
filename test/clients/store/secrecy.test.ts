import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../../clients/store/open-store.ts'
import { findSecrets } from '../../support/byte-forms.ts'
import { permitReceiving, permitWriting } from '../../support/permits.ts'
import { ALICE_KEY, BOB_KEY, incomingText, outgoingText, PROFILE_KEY } from '../../support/stores.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const TEXT = 'meet me at the bridge, and bring the umbrella'
const NAME = 'a-contact-of-renown'

/** The bytes from each of the three places at which base64 may begin to take them, in whole groups. */
function phasesOf(name: string, bytes: Uint8Array): [string, Uint8Array][] {
  return [0, 1, 2].map((phase) => {
    return [`${name} from ${phase}`, bytes.subarray(phase, bytes.length - ((bytes.length - phase) % 3))]
  })
}

describe('the files of a store', () => {
  let folder: TemporaryFolder
  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  function contents(): Buffer {
    const names = readdirSync(folder.path)
    expect(names).to.include.members(['store.db', 'store.db-wal', 'store.db-shm'])
    return Buffer.concat(names.map((name) => readFileSync(join(folder.path, name))))
  }

  it('hold no text, no name and no key in any form, nor do they when all is forgotten', () => {
    const store = openStore(folder.path, { profileKey: PROFILE_KEY })
    const messageLog = store.messageLog(NAME, BOB_KEY)
    messageLog.append(permitWriting(NAME), [outgoingText(TEXT)])
    messageLog.streams.receive(ALICE_KEY.subarray(0, 16), { isAnswer: true })?.accept({
      firstSequence: 1n,
      events: [incomingText(TEXT)],
      piece: undefined,
      acknowledged: 0n,
      control: undefined,
      read: 0n,
    })
    messageLog.store(permitReceiving(NAME, BOB_KEY), [incomingText(TEXT)])
    const secrets = Object.fromEntries([
      ...phasesOf('text', Buffer.from(TEXT)),
      ...phasesOf('part of the text', Buffer.from(TEXT.slice(8, 30))),
      ...phasesOf('text in UTF-16', Buffer.from(TEXT, 'utf16le')),
      ...phasesOf('name', Buffer.from(NAME)),
      ...phasesOf('identity key', BOB_KEY),
      ...phasesOf('profile key', PROFILE_KEY.reveal()),
    ])
    const found = () => findSecrets(secrets, contents())
    expect(found()).to.deep.equal([])
    store.forget(NAME)
    expect(found()).to.deep.equal([])
    store.close()
  })

  it('keep nothing of what was forgotten, sealed or not, in the file or in the log', () => {
    const store = openStore(folder.path, { profileKey: PROFILE_KEY })
    store.messageLog('carol', BOB_KEY).append(permitWriting('carol'), [outgoingText('stays')])
    store.messageLog('bob', BOB_KEY).append(
      permitWriting('bob'),
      Array.from({ length: 1_000 }, (_, index) => outgoingText(`${TEXT} ${index}`)),
    )
    const before = contents()
    // Any 32 bytes of a sealed batch: they are like no others.
    const log = readFileSync(join(folder.path, 'store.db-wal'))
    const pieces = Array.from({ length: 20 }, (_, index) => log.subarray(-2_000 - index * 4_000).subarray(0, 32))
    const sealed = pieces.filter((piece) => piece.some((byte) => byte !== 0))
    expect(sealed.length).to.be.above(10)
    for (const piece of sealed) expect(before.includes(piece)).to.equal(true)
    store.forget('bob')
    const after = contents()
    expect(sealed.filter((piece) => after.includes(piece))).to.deep.equal([])
    expect(store.history('carol', { limit: 5 })).to.have.length(1)
    store.close()
  })

  it('are for the owner alone', () => {
    const store = openStore(folder.path, { profileKey: PROFILE_KEY })
    store.messageLog('bob', BOB_KEY).append(permitWriting('bob'), [outgoingText(TEXT)])
    for (const name of readdirSync(folder.path)) {
      expect(statSync(join(folder.path, name)).mode & 0o777, name).to.equal(0o600)
    }
    store.close()
  })
})
