import { expect } from 'chai'
import { demoEnvironment } from '../../../cli/demo/demo-environment.ts'
import { FREE_PORTS } from '../../../cli/up/supervisor.ts'

describe('demoEnvironment', () => {
  it('takes nothing of an installation that is run from the same shell', () => {
    const installed = {
      SOTTO_HOME: '/srv/sotto',
      SOTTO_AUTH_DATABASE_FILE: '/run/secrets/database',
      SOTTO_AUTH_DATA: '/srv/auth',
      SOTTO_AUTH_CA: '/srv/ca',
      SOTTO_DIRECTORY_TLS: '/srv/tls',
      SOTTO_DOOR_PORT: '443',
      SOTTO_RELAY_PORT: '7004',
      SOTTO_PASSPHRASE_FILE: '/run/secrets/passphrase',
    }
    expect(demoEnvironment(installed, '/tmp/demo')).to.deep.equal({
      ...FREE_PORTS,
      SOTTO_LOG_LEVEL: 'warn',
      SOTTO_HOME: '/tmp/demo',
    })
  })

  it('keeps what is no setting, and how much is said', () => {
    const given = { PATH: '/bin', SOTTO_LOG_LEVEL: 'debug', SOTTO_CHANNEL_TIMES: 'renew-every=5' }
    expect(demoEnvironment(given, '/tmp/demo')).to.include(given)
  })
})
