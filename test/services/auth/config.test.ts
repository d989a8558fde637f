import { availableParallelism } from 'node:os'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { LOOPBACK, Ranges } from '#lib/runtime/network/ranges.ts'
import { readConfig } from '../../../services/auth/config.ts'

/** What readConfig says of an environment that it refuses. */
function problemsWith(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    if (!(error instanceof SottoError)) throw error
    expect(error.code).to.equal('ERR_CONFIG')
    return error.message
  }
  throw new Error('nothing was refused')
}

describe('readConfig', () => {
  it('has a default for everything', () => {
    const config = readConfig({ SOTTO_HOME: '/srv/sotto', PATH: '/bin' })
    expect(config).to.deep.equal({
      listen: { host: '::', port: 7001 },
      publicAddress: undefined,
      doorPort: undefined,
      sealingListen: { host: '127.0.0.1', port: 7003 },
      proxied: undefined,
      adminPort: 7011,
      healthPort: undefined,
      directoryAddress: ':7002',
      database: { kind: 'sqlite', path: '/srv/sotto/auth/auth.db' },
      dataFolder: '/srv/sotto/auth',
      authorityFolder: '/srv/sotto/auth/ca',
      wrappingKeyFile: '/srv/sotto/auth/wrapping.key',
      directoryTlsFolder: '/srv/sotto/directory/tls',
      relayAddresses: [':7004'],
      relayTlsFolder: '/srv/sotto/relay/tls',
      names: [],
      password: { memoryKib: 19_456, passes: 2, parallelism: 1 },
      hashing: { concurrency: availableParallelism(), capacity: 128 },
      signUp: 'invite',
      isSecondFactorRequired: false,
      hasRoster: true,
      connectionsPerAddress: 1_000,
      ratePerAccount: 1,
      sessionLifetimeMs: 30 * 24 * 3_600_000,
      maxSessionDurationMs: 12 * 3_600_000,
      metrics: undefined,
      logLevel: 'info',
      traces: 'off',
    })
  })

  it('reads every setting', () => {
    const config = readConfig({
      SOTTO_AUTH_HOST: '0.0.0.0',
      SOTTO_AUTH_PORT: '0',
      SOTTO_AUTH_ADDRESS: ':443',
      SOTTO_AUTH_PROXY_HOST: '::',
      SOTTO_AUTH_PROXY_PORT: '4',
      SOTTO_AUTH_PROXY_FROM: '192.0.2.0/24',
      SOTTO_DOOR_PORT: '444',
      SOTTO_SEALING_HOST: '::1',
      SOTTO_SEALING_PORT: '1',
      SOTTO_AUTH_ADMIN_PORT: '2',
      SOTTO_AUTH_HEALTH_PORT: '3',
      SOTTO_DIRECTORY_ADDRESS: 'chat.example.org:443',
      SOTTO_AUTH_DATA: '/data',
      SOTTO_AUTH_DATABASE_FILE: '/run/secrets/auth-database',
      SOTTO_AUTH_CA: '/run/secrets/ca',
      SOTTO_AUTH_WRAPPING_KEY_FILE: '/run/secrets/wrapping',
      SOTTO_DIRECTORY_TLS: '/directory-tls',
      SOTTO_RELAY_ADDRESSES: 'relay.example.org:443, :7005',
      SOTTO_RELAY_TLS: '/relay-tls',
      SOTTO_NAMES: 'chat.example.org, 192.0.2.1',
      SOTTO_AUTH_PASSWORD_MEMORY_MIB: '64',
      SOTTO_AUTH_PASSWORD_PASSES: '3',
      SOTTO_AUTH_LOGIN_QUEUE: '7',
      SOTTO_AUTH_SIGN_UP: 'closed',
      SOTTO_AUTH_SECOND_FACTOR: 'required',
      SOTTO_AUTH_ROSTER: 'off',
      SOTTO_AUTH_CONNECTIONS_PER_ADDRESS: '5000',
      SOTTO_AUTH_RATE_PER_ACCOUNT: '20',
      SOTTO_AUTH_SESSION_DAYS: '0.5',
      SOTTO_AUTH_CONVERSATION_HOURS: '1',
      SOTTO_AUTH_METRICS_HOST: '::1',
      SOTTO_AUTH_METRICS_PORT: '9100',
      SOTTO_LOG_LEVEL: 'debug',
    })
    expect(config).to.deep.equal({
      listen: { host: '0.0.0.0', port: 0 },
      publicAddress: ':444',
      doorPort: 444,
      sealingListen: { host: '::1', port: 1 },
      proxied: { host: '::', port: 4, from: new Ranges(['192.0.2.0/24']) },
      adminPort: 2,
      healthPort: 3,
      directoryAddress: 'chat.example.org:443',
      database: { kind: 'postgres', urlFile: '/run/secrets/auth-database' },
      authorityFolder: '/run/secrets/ca',
      dataFolder: '/data',
      wrappingKeyFile: '/run/secrets/wrapping',
      directoryTlsFolder: '/directory-tls',
      relayAddresses: ['relay.example.org:443', ':7005'],
      relayTlsFolder: '/relay-tls',
      names: ['chat.example.org', '192.0.2.1'],
      password: { memoryKib: 65_536, passes: 3, parallelism: 1 },
      hashing: { concurrency: availableParallelism(), capacity: 7 },
      signUp: 'closed',
      isSecondFactorRequired: true,
      hasRoster: false,
      connectionsPerAddress: 5_000,
      ratePerAccount: 20,
      sessionLifetimeMs: 12 * 3_600_000,
      maxSessionDurationMs: 3_600_000,
      metrics: { host: '::1', port: 9100 },
      logLevel: 'debug',
      traces: 'off',
    })
  })

  it('follows the settings of the directory, and leaves the rest of them to it', () => {
    const config = readConfig({
      SOTTO_DIRECTORY_PORT: '8002',
      SOTTO_DIRECTORY_DATA: '/srv/directory',
      SOTTO_DIRECTORY_HOST: 'anything',
      SOTTO_SEALING_ADDRESS: 'auth:7003',
    })
    expect(config.directoryAddress).to.equal(':8002')
    expect(config.directoryTlsFolder).to.equal('/srv/directory/tls')
  })

  it('has clients come to the door, where there is one, and leaves the rest of its settings to it', () => {
    const ports = { SOTTO_DIRECTORY_PORT: '8002', SOTTO_RELAY_PORT: '8004' }
    const config = readConfig({ SOTTO_DOOR_PORT: '443', SOTTO_DOOR_HOST: 'anything', ...ports })
    expect(config).to.include({ publicAddress: ':443', directoryAddress: ':443', doorPort: 443 })
    expect(config.relayAddresses).to.deep.equal([':443'])
    expect(readConfig({ SOTTO_DOOR_PORT: '443', SOTTO_AUTH_ADDRESS: ':7101' }).publicAddress).to.equal(':443')
    expect(readConfig({ SOTTO_DOOR_PORT: '443', SOTTO_AUTH_ADDRESS: 'a.example:7101' }).publicAddress).to.equal(
      'a.example:7101',
    )
    expect(readConfig({ SOTTO_DOOR_PORT: '0' })).to.include({ publicAddress: undefined, directoryAddress: ':7002' })
  })

  it('believes nobody but this machine of whom a connection is, unless told otherwise', () => {
    expect(readConfig({ SOTTO_AUTH_PROXY_PORT: '7031' }).proxied).to.deep.equal({
      host: '127.0.0.1',
      port: 7031,
      from: LOOPBACK,
    })
  })

  it('follows the settings of the relay, or has none', () => {
    const { relayAddresses, relayTlsFolder } = readConfig({ SOTTO_RELAY_PORT: '8004', SOTTO_RELAY_DATA: '/srv/relay' })
    expect([relayAddresses, relayTlsFolder]).to.deep.equal([[':8004'], '/srv/relay/tls'])
    const off = readConfig({ SOTTO_RELAY: 'off', SOTTO_RELAY_ADDRESSES: 'relay.example.org:443' })
    expect([off.relayAddresses, off.relayTlsFolder]).to.deep.equal([[], undefined])
  })

  it('refuses unknown names and everything that cannot be meant, all at once', () => {
    const wrong = {
      SOTTO_AUTH_HOST: 'localhost',
      SOTTO_AUTH_PORT: '65536',
      SOTTO_DIRECTORY_ADDRESS: 'chat.example.org',
      SOTTO_AUTH_PASSWORD_MEMORY_MIB: '18',
      SOTTO_AUTH_PASSWORD_PASSES: '1',
      SOTTO_AUTH_LOGIN_QUEUE: '0',
      SOTTO_AUTH_SESSION_DAYS: '0',
      SOTTO_AUTH_CONVERSATION_HOURS: 'twelve',
      SOTTO_LOG_LEVEL: 'loud',
      SOTTO_AUHT_PORT: '7001',
    }
    const problems = problemsWith(wrong)
    for (const name of Object.keys(wrong)) expect(problems).to.include(name)
  })
})
