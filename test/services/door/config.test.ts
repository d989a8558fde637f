import { expect } from 'chai'
import { readConfig } from '../../../services/door/config.ts'
import { codeOf } from '../../support/code-of.ts'

const TO_AUTH = { SOTTO_DOOR_TO_AUTH: 'auth:7031' }

describe('readConfig of the door', () => {
  it('needs nothing but a service to lead to', () => {
    expect(readConfig(TO_AUTH)).to.deep.equal({
      listen: { host: '::', port: 443 },
      services: new Map([['auth', 'auth:7031']]),
      connections: { most: 25_000, mostPerAddress: 2_000 },
      healthPort: undefined,
      metrics: undefined,
      logLevel: 'info',
    })
    expect(codeOf(() => readConfig({}))).to.equal('ERR_CONFIG')
  })

  it('takes every setting', () => {
    const config = readConfig({
      SOTTO_DOOR_HOST: '127.0.0.1',
      SOTTO_DOOR_PORT: '0',
      SOTTO_DOOR_TO_AUTH: 'localhost:1',
      SOTTO_DOOR_TO_DIRECTORY: '[::1]:2',
      SOTTO_DOOR_TO_RELAY: 'relay:3',
      SOTTO_DOOR_CONNECTIONS: '3',
      SOTTO_DOOR_CONNECTIONS_PER_ADDRESS: '2',
      SOTTO_DOOR_HEALTH_PORT: '4',
      SOTTO_DOOR_METRICS_HOST: '::1',
      SOTTO_DOOR_METRICS_PORT: '5',
      SOTTO_LOG_LEVEL: 'debug',
    })
    expect(config).to.deep.equal({
      listen: { host: '127.0.0.1', port: 0 },
      services: new Map([
        ['auth', 'localhost:1'],
        ['directory', '[::1]:2'],
        ['relay', 'relay:3'],
      ]),
      connections: { most: 3, mostPerAddress: 2 },
      healthPort: 4,
      metrics: { host: '::1', port: 5 },
      logLevel: 'debug',
    })
  })

  it('leads to no relay where the host has it left out', () => {
    const { services } = readConfig({ ...TO_AUTH, SOTTO_DOOR_TO_RELAY: 'relay:3', SOTTO_RELAY: 'off' })
    expect([...services.keys()]).to.deep.equal(['auth'])
  })

  it('overlooks the settings of the services, and refuses what is none', () => {
    const shared = { SOTTO_HOME: '/', SOTTO_AUTH_PORT: '1', SOTTO_NAMES: 'a', SOTTO_DIRECTORY_ADDRESS: ':443' }
    expect(readConfig({ ...shared, ...TO_AUTH })).to.deep.equal(readConfig(TO_AUTH))
    for (const wrong of [
      { SOTTO_DOOR_TO_SEALING: 'auth:7003' },
      { SOTTO_DOOR_TO_AUTH: 'auth' },
      { SOTTO_DOOR_PORT: '65536' },
      { SOTTO_DOOR_HOST: 'localhost' },
      { SOTTO_DOOR_CONNECTIONS: '0' },
      { SOTTO_LOG_LEVEL: 'loud' },
    ]) {
      expect(codeOf(() => readConfig({ ...TO_AUTH, ...wrong }))).to.equal('ERR_CONFIG')
    }
  })
})
