import { expect } from 'chai'
import { readConfig } from '../../../services/directory/config.ts'
import { codeOf } from '../../support/code-of.ts'

describe('readConfig of the directory', () => {
  it('needs nothing but a home', () => {
    expect(readConfig({ SOTTO_HOME: '/srv/sotto' })).to.deep.equal({
      host: '::',
      port: 7002,
      sealingAddress: 'localhost:7003',
      dataFolder: '/srv/sotto/directory',
      tlsFolder: '/srv/sotto/directory/tls',
      tlsWaitMs: 60_000,
      beatMs: 20_000,
      logLevel: 'info',
    })
  })

  it('keeps the certificate with the data unless told otherwise', () => {
    const moved = readConfig({ SOTTO_DIRECTORY_DATA: '/data' })
    expect(moved).to.include({ dataFolder: '/data', tlsFolder: '/data/tls' })
    const apart = readConfig({ SOTTO_DIRECTORY_DATA: '/data', SOTTO_DIRECTORY_TLS: '/certificates' })
    expect(apart).to.include({ dataFolder: '/data', tlsFolder: '/certificates' })
  })

  it('takes fractions of seconds', () => {
    const config = readConfig({ SOTTO_DIRECTORY_BEAT_SECONDS: '0.05', SOTTO_DIRECTORY_TLS_WAIT_SECONDS: '1.5' })
    expect(config).to.include({ beatMs: 50, tlsWaitMs: 1500 })
  })

  it("overlooks auth's settings, which may stand in the same environment", () => {
    expect(readConfig({ SOTTO_AUTH_PORT: '1', SOTTO_NAMES: 'a', SOTTO_SEALING_PORT: '2' })).to.have.property(
      'port',
      7002,
    )
  })

  for (const [name, value] of [
    ['SOTTO_DIRECTORY_HOST', 'localhost'],
    ['SOTTO_DIRECTORY_PORT', '65536'],
    ['SOTTO_DIRECTORY_PORT', 'seven'],
    ['SOTTO_SEALING_ADDRESS', 'localhost'],
    ['SOTTO_SEALING_ADDRESS', 'localhost:0'],
    ['SOTTO_DIRECTORY_BEAT_SECONDS', '0'],
    ['SOTTO_LOG_LEVEL', 'loud'],
    ['SOTTO_DIRECTORY_PROT', '7002'],
  ] as const) {
    it(`refuses ${name}=${value}`, () => {
      expect(codeOf(() => readConfig({ [name]: value }))).to.equal('ERR_CONFIG')
    })
  }
})
