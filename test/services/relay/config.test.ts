import { expect } from 'chai'
import { readConfig } from '../../../services/relay/config.ts'
import { codeOf } from '../../support/code-of.ts'

describe('readConfig of the relay', () => {
  it('needs nothing but a home', () => {
    expect(readConfig({ SOTTO_HOME: '/srv/sotto' })).to.deep.equal({
      isOn: true,
      listen: { host: '::', port: 7004 },
      proxied: undefined,
      adminPort: 7014,
      healthPort: undefined,
      connections: { most: 25_000, mostPerAddress: 1_000 },
      quotas: { conversations: 256, bytesPerSecond: 16 * 1024 * 1024 },
      ratePerAccount: 1,
      letters: {
        account: { letters: 1_000, bytes: 32 * 1024 * 1024 },
        pair: { letters: 64, bytes: 2 * 1024 * 1024 },
      },
      sealingAddress: 'localhost:7003',
      database: { kind: 'sqlite', path: '/srv/sotto/relay/mailbox.db' },
      tlsFolder: '/srv/sotto/relay/tls',
      metrics: undefined,
      logLevel: 'info',
      traces: 'off',
    })
  })

  it('takes every setting', () => {
    const config = readConfig({
      SOTTO_RELAY: 'off',
      SOTTO_RELAY_HOST: '127.0.0.1',
      SOTTO_RELAY_PORT: '0',
      SOTTO_RELAY_PROXY_HOST: '::',
      SOTTO_RELAY_PROXY_PORT: '7033',
      SOTTO_RELAY_PROXY_FROM: '192.0.2.1',
      SOTTO_RELAY_ADMIN_PORT: '7114',
      SOTTO_RELAY_HEALTH_PORT: '7124',
      SOTTO_RELAY_CONNECTIONS: '50000',
      SOTTO_RELAY_CONNECTIONS_PER_ADDRESS: '40000',
      SOTTO_RELAY_CONVERSATIONS: '5',
      SOTTO_RELAY_BYTES_PER_SECOND: '1000000',
      SOTTO_RELAY_RATE_PER_ACCOUNT: '10',
      SOTTO_RELAY_LETTERS: '2000',
      SOTTO_RELAY_LETTER_BYTES: '64000000',
      SOTTO_RELAY_LETTERS_PER_PAIR: '4',
      SOTTO_RELAY_LETTER_BYTES_PER_PAIR: '65536',
      SOTTO_SEALING_ADDRESS: 'auth:7103',
      SOTTO_RELAY_DATA: '/data',
      SOTTO_RELAY_TLS: '/certificates',
      SOTTO_RELAY_METRICS_HOST: '::1',
      SOTTO_RELAY_METRICS_PORT: '9100',
      SOTTO_LOG_LEVEL: 'debug',
    })
    expect(config.proxied?.from.has('192.0.2.1')).to.equal(true)
    expect(config.proxied?.from.has('127.0.0.1')).to.equal(false)
    expect(config).to.deep.include({ proxied: { ...config.proxied, host: '::', port: 7033 } })
    expect(config).to.deep.equal({
      isOn: false,
      listen: { host: '127.0.0.1', port: 0 },
      proxied: config.proxied,
      adminPort: 7114,
      healthPort: 7124,
      connections: { most: 50_000, mostPerAddress: 40_000 },
      quotas: { conversations: 5, bytesPerSecond: 1_000_000 },
      ratePerAccount: 10,
      letters: { account: { letters: 2_000, bytes: 64_000_000 }, pair: { letters: 4, bytes: 65_536 } },
      sealingAddress: 'auth:7103',
      database: { kind: 'sqlite', path: '/data/mailbox.db' },
      tlsFolder: '/certificates',
      metrics: { host: '::1', port: 9100 },
      logLevel: 'debug',
      traces: 'off',
    })
  })

  it('leaves alone what is for others', () => {
    const others = { SOTTO_AUTH_PORT: '1', SOTTO_DIRECTORY_PORT: '2', SOTTO_RELAY_ADDRESSES: ':7004' }
    expect(readConfig(others).listen.port).to.equal(7004)
  })

  for (const wrong of [
    { SOTTO_RELAY: 'yes' },
    { SOTTO_RELAY_PORT: '65536' },
    { SOTTO_RELAY_CONVERSATIONS: '257' },
    { SOTTO_RELAY_BYTES_PER_SECOND: '1000' },
    { SOTTO_RELAY_SPEED: '1' },
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      expect(codeOf(() => readConfig(wrong))).to.equal('ERR_CONFIG')
    })
  }
})
