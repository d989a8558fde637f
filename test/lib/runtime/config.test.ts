import { homedir } from 'node:os'
import { expect } from 'chai'
import * as z from 'zod/mini'
import { SottoError } from '#lib/errors.ts'
import {
  byDefault,
  coercedSetting,
  hostSetting,
  listSetting,
  logLevelSetting,
  pathSetting,
  portSetting,
  positiveSetting,
  readSettings,
  relaySetting,
} from '#lib/runtime/config.ts'
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

  it('says of each setting what it may be', () => {
    const settings = {
      SOTTO_TEST_PORT: portSetting,
      SOTTO_TEST_COUNT: coercedSetting(8, 100),
      SOTTO_TEST_DAYS: positiveSetting(7),
      SOTTO_TEST_HOST: hostSetting,
      SOTTO_TEST_RELAY: relaySetting,
    }
    const words = {
      SOTTO_TEST_PORT: 'must be a whole number from 0 to 65535',
      SOTTO_TEST_COUNT: 'must be a whole number from 8 to 100',
      SOTTO_TEST_DAYS: 'must be a number above 0, at most 7',
      SOTTO_TEST_HOST: 'must be an IP address; :: stands for all',
      SOTTO_TEST_RELAY: 'must be one of: on, off',
    }
    const lines = Object.entries(words).map(([name, what]) => `  ${name}: ${what}`)
    for (const wrong of ['99999', '-1', '1000.5', 'many']) {
      const env = Object.fromEntries(Object.keys(settings).map((name) => [name, wrong]))
      expect(() => readSettings(settings, env)).to.throw(['the configuration is not valid', ...lines].join('\n'))
    }
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
