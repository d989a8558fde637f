import { homedir } from 'node:os'
import { expect } from 'chai'
import { expandHome, sottoHome } from '#lib/runtime/environment.ts'
import { codeOf } from '../../support/code-of.ts'

describe('sottoHome', () => {
  it('is what is set, or in the user’s home', () => {
    expect(sottoHome({ SOTTO_HOME: '/srv/sotto' })).to.equal('/srv/sotto')
    expect(sottoHome({})).to.equal(`${homedir()}/.sotto`)
  })

  it('reads ~ where no shell has', () => {
    expect(sottoHome({ SOTTO_HOME: '~/of-work' })).to.equal(`${homedir()}/of-work`)
  })

  for (const name of ['SOTTO_HOME', 'SOTTO_PASSPHRASE_FILE', 'SOTTO_LOG_LEVEL', 'HOME']) {
    it(`refuses ${name} that is set to nothing, or is no UTF-8`, () => {
      expect(codeOf(() => sottoHome({ [name]: '' }))).to.equal('ERR_CONFIG')
      expect(codeOf(() => sottoHome({ [name]: '/na\uFFFDve' }))).to.equal('ERR_CONFIG')
    })
  }

  it('takes lists of nothing, and what is not its own', () => {
    const env = { SOTTO_NAMES: '', SOTTO_CHANNEL_TIMES: '', EDITOR: '', LESS: '\uFFFD' }
    expect(sottoHome(env)).to.equal(`${homedir()}/.sotto`)
  })
})

describe('expandHome', () => {
  it('takes ~ for the user’s home, alone or before a slash', () => {
    expect(['~', '~/', '~/a/~/b'].map(expandHome)).to.deep.equal([homedir(), `${homedir()}/`, `${homedir()}/a/~/b`])
  })

  it('leaves every other path', () => {
    for (const path of ['./~', '~bob', '~$draft.docx', 'a/~', '/~/x', '']) expect(expandHome(path)).to.equal(path)
  })
})
