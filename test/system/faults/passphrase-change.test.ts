import { join } from 'node:path'
import { expect } from 'chai'
import { Profile } from '../../../clients/profile/profile.ts'
import { outcomeOf } from '../../support/deployment.ts'
import type { Fate } from '../../support/key-replacer.ts'
import { CHEAP, passphraseOf, unlockBy } from '../../support/passphrases.ts'
import { TestProcess } from '../../support/processes.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const REPLACER = join(import.meta.dirname, '..', '..', 'support', 'key-replacer.ts')

describe('a Profile of which the passphrase is being changed', () => {
  let home: TemporaryFolder
  let profile: Profile
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
    await protect('old passphrase')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const protect = (passphrase: string) => profile.protect(passphraseOf(passphrase), CHEAP)
  const openBy = (passphrase: string) => Profile.open(home.path, 'alice', unlockBy(passphrase))

  const replaceBut = (fate: Fate, step: number) =>
    outcomeOf(new TestProcess(process.execPath, [REPLACER, home.path, fate, String(step)]))

  /** With which of the two it opens now; exactly one. */
  async function opensWith(): Promise<string> {
    const passphrases = ['old passphrase', 'new passphrase']
    const opened = await Promise.allSettled(passphrases.map(openBy))
    const fitting = passphrases.filter((_, index) => opened[index]?.status === 'fulfilled')
    expect(fitting).to.have.length(1)
    return fitting[0] ?? ''
  }

  for (const fate of ['kill', 'fail'] as const) {
    const what = fate === 'kill' ? 'the program is killed' : 'the disk refuses'
    it(`opens with the old one or the new one, at whatever step ${what}`, async () => {
      const found: string[] = []
      for (let step = 1; ; step++) {
        const { code, output } = await replaceBut(fate, step)
        const passphrase = await opensWith()
        if (code === 0 && Number(output) < step) break
        found.push(passphrase)
        if (passphrase === 'new passphrase') await protect('old passphrase')
      }
      // Nothing is replaced before the rename, and the old file overwritten only after it.
      expect(found).to.deep.equal([...found].sort().reverse())
      expect(new Set(found).size).to.equal(2)
      expect(found.length).to.be.at.least(8)
    })
  }
})
