import { expect } from 'chai'
import { Ranges } from '#lib/runtime/network/ranges.ts'
import { readConfig } from '../../../services/directory/config.ts'
import { codeOf } from '../../support/code-of.ts'

describe('readConfig of the directory', () => {
  it('needs nothing but a home', () => {
    expect(readConfig({ SOTTO_HOME: '/srv/sotto' })).to.deep.equal({
      listen: { host: '::', port: 7002 },
      proxied: undefined,
      adminPort: 7012,
      healthPort: undefined,
      connections: { most: 25_000, mostPerAddress: 1_000 },
      ratePerAccount: 1,
      allowedEndpoints: new Ranges([]),
      sealingAddress: 'localhost:7003',
      database: { kind: 'sqlite', path: '/srv/sotto/directory/directory.db' },
      dataFolder: '/srv/sotto/directory',
      tlsFolder: '/srv/sotto/directory/tls',
      metrics: undefined,
      logLevel: 'info',
      traces: 'off',
    })
  })

  it('takes every setting', () => {
    const config = readConfig({
      SOTTO_DIRECTORY_HOST: '127.0.0.1',
      SOTTO_DIRECTORY_PORT: '0',
      SOTTO_DIRECTORY_PROXY_HOST: '::',
      SOTTO_DIRECTORY_PROXY_PORT: '7132',
      SOTTO_DIRECTORY_PROXY_FROM: '192.0.2.0/24',
      SOTTO_DIRECTORY_ADMIN_PORT: '7112',
      SOTTO_DIRECTORY_HEALTH_PORT: '7122',
      SOTTO_DIRECTORY_CONNECTIONS: '50000',
      SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS: '40000',
      SOTTO_DIRECTORY_RATE_PER_ACCOUNT: '20',
      SOTTO_DIRECTORY_ENDPOINTS: '203.0.113.7, 2001:db8::/32',
      SOTTO_SEALING_ADDRESS: 'auth:7103',
      SOTTO_DIRECTORY_DATABASE: 'postgres://sotto@db.example/directory',
      SOTTO_DIRECTORY_DATA: '/data',
      SOTTO_DIRECTORY_TLS: '/certificates',
      SOTTO_DIRECTORY_METRICS_HOST: '::1',
      SOTTO_DIRECTORY_METRICS_PORT: '9100',
      SOTTO_LOG_LEVEL: 'debug',
    })
    expect(config).to.deep.equal({
      listen: { host: '127.0.0.1', port: 0 },
      proxied: { host: '::', port: 7132, from: new Ranges(['192.0.2.0/24']) },
      adminPort: 7112,
      healthPort: 7122,
      connections: { most: 50_000, mostPerAddress: 40_000 },
      ratePerAccount: 20,
      allowedEndpoints: new Ranges(['203.0.113.7', '2001:db8::/32']),
      sealingAddress: 'auth:7103',
      database: { kind: 'postgres', url: 'postgres://sotto@db.example/directory' },
      dataFolder: '/data',
      tlsFolder: '/certificates',
      metrics: { host: '::1', port: 9100 },
      logLevel: 'debug',
      traces: 'off',
    })
  })

  it('looks for the certificate beside the database unless told otherwise', () => {
    expect(readConfig({ SOTTO_DIRECTORY_DATA: '/data' })).to.include({ dataFolder: '/data', tlsFolder: '/data/tls' })
  })

  it('takes the URL of a database from a file, and one with a password from nowhere else', () => {
    const url = 'postgres://sotto:secret@db.example/directory'
    expect(readConfig({ SOTTO_DIRECTORY_DATABASE_FILE: '/run/secrets/url' }).database).to.deep.equal({
      kind: 'postgres',
      urlFile: '/run/secrets/url',
    })
    expect(codeOf(() => readConfig({ SOTTO_DIRECTORY_DATABASE: url }))).to.equal('ERR_CONFIG')
    expect(codeOf(() => readConfig({ SOTTO_DIRECTORY_DATABASE: 'mysql://db.example/d' }))).to.equal('ERR_CONFIG')
  })

  it('finds auth on this machine by the port alone', () => {
    expect(readConfig({ SOTTO_SEALING_PORT: '7103' })).to.include({ sealingAddress: 'localhost:7103' })
  })

  it("overlooks auth's settings, which may stand in the same environment", () => {
    const shared = {
      SOTTO_AUTH_PORT: '1',
      SOTTO_NAMES: 'a',
      SOTTO_AUTH_SESSION_DAYS: '7',
      SOTTO_SEALING_HOST: '::1',
      SOTTO_DOOR_PORT: '443',
    }
    expect(readConfig({ SOTTO_HOME: '/', ...shared })).to.deep.equal(readConfig({ SOTTO_HOME: '/' }))
  })

  it('allows the endpoints that a setting names, and no others', () => {
    const { allowedEndpoints } = readConfig({ SOTTO_DIRECTORY_ENDPOINTS: '203.0.113.7, 2001:db8::/32' })
    expect(['203.0.113.7', '203.0.113.8', '2001:db8:1::1'].map((each) => allowedEndpoints.has(each))).to.deep.equal([
      true,
      false,
      true,
    ])
  })

  for (const [name, value] of [
    ['SOTTO_DIRECTORY_ENDPOINTS', '203.0.113.7/40'],
    ['SOTTO_DIRECTORY_ENDPOINTS', 'chat.example'],
    ['SOTTO_DIRECTORY_RATE_PER_ACCOUNT', '0'],
    ['SOTTO_DIRECTORY_HOST', 'localhost'],
    ['SOTTO_DIRECTORY_PORT', '65536'],
    ['SOTTO_DIRECTORY_PORT', 'seven'],
    ['SOTTO_DIRECTORY_CONNECTIONS', '7'],
    ['SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS', 'many'],
    ['SOTTO_SEALING_ADDRESS', 'localhost'],
    ['SOTTO_SEALING_ADDRESS', 'localhost:0'],
    ['SOTTO_SEALING_ADDRESS', ':7003'],
    ['SOTTO_LOG_LEVEL', 'loud'],
    ['SOTTO_DIRECTORY_PROT', '7002'],
  ] as const) {
    it(`refuses ${name}=${value}`, () => {
      expect(codeOf(() => readConfig({ [name]: value }))).to.equal('ERR_CONFIG')
    })
  }
})
