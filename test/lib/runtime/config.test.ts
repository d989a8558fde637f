import { homedir } from 'node:os'
import { expect } from 'chai'
import * as z from 'zod/mini'
import { SottoError } from '#lib/errors.ts'
import { byDefault, listSetting, logLevelSetting, pathSetting, portSetting, readSettings } from '#lib/runtime/config.ts'
import { codeOf } from '../../support/code-of.ts'

const SETTINGS = {
  SOTTO_TEST_PORT: byDefault(portSetting, 7001),
  SOTTO_LOG_LEVEL: byDefault(logLevelSetting, 'info'),
  SOTTO_NAMES: byDefault(listSetting, []),
}

describe('readSettings', () => {
  it('takes defaults for what is unset, and a list of nothing', () => {
    expect(readSettings(SETTINGS, { SOTTO_NAMES: '', PATH: '/bin' })).to.deep.equal({
      SOTTO_TEST_PORT: 7001,
      SOTTO_LOG_LEVEL: 'info',
      SOTTO_NAMES: [],
    })
  })

  it('refuses what is set to nothing or is no UTF-8, whatever program it is for', () => {
    const settings = { SOTTO_TEST_FOLDER: z.optional(pathSetting) }
    for (const value of ['', '/na\uFFFDve']) {
      expect(
        codeOf(() => readSettings(settings, { SOTTO_TEST_FOLDER: value })),
        value,
      ).to.equal('ERR_CONFIG')
      expect(
        codeOf(() => readSettings(settings, { SOTTO_OTHER: value }, ['SOTTO_OTHER'])),
        value,
      ).to.equal('ERR_CONFIG')
    }
  })

  it('reads ~ in a path as the home', () => {
    const settings = { SOTTO_TEST_FOLDER: pathSetting }
    expect(readSettings(settings, { SOTTO_TEST_FOLDER: '~/x' })).to.deep.equal({ SOTTO_TEST_FOLDER: `${homedir()}/x` })
  })

  it('converts what is set', () => {
    const env = { SOTTO_TEST_PORT: '0', SOTTO_LOG_LEVEL: 'trace', SOTTO_NAMES: 'a.example, 192.0.2.1,,' }
    expect(readSettings(SETTINGS, env)).to.deep.equal({
      SOTTO_TEST_PORT: 0,
      SOTTO_LOG_LEVEL: 'trace',
      SOTTO_NAMES: ['a.example', '192.0.2.1'],
    })
  })

  it('names everything that is wrong at once, and repeats no value', () => {
    const env = { SOTTO_TEST_PORT: '70000', SOTTO_LOG_LEVEL: 'hunter2', SOTTO_TYPO: 'x' }
    let thrown: unknown
    try {
      readSettings(SETTINGS, env)
    } catch (error) {
      thrown = error
    }
    expect(thrown).to.be.instanceOf(SottoError).with.property('code', 'ERR_CONFIG')
    for (const name of Object.keys(env)) expect((thrown as SottoError).message).to.include(name)
    expect((thrown as SottoError).message).to.not.include('hunter2')
  })

  for (const port of ['-1', '65536', '1.5', 'http', '0x', ' ']) {
    it(`refuses ${JSON.stringify(port)} as a port`, () => {
      expect(codeOf(() => readSettings(SETTINGS, { SOTTO_TEST_PORT: port }))).to.equal('ERR_CONFIG')
    })
  }

  it('refuses names that it does not know, except those of other programs', () => {
    const env = { SOTTO_OTHER_PORT: '1', SOTTO_HOME: '/x' }
    expect(codeOf(() => readSettings(SETTINGS, env))).to.equal('ERR_CONFIG')
    expect(codeOf(() => readSettings(SETTINGS, env, ['SOTTO_OTHER_', 'SOTTO_HOME']))).to.equal('none')
    expect(codeOf(() => readSettings(SETTINGS, env, ['SOTTO_OTHER', 'SOTTO_HOME']))).to.equal('ERR_CONFIG')
  })
})
