import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Environment } from '#lib/runtime/environment.ts'
import { readConfig } from '../../../services/auth/config.ts'
import { keepPublicAddress, readPublicAddress } from '../../../services/auth/public-address.ts'
import { ROOT } from '../../support/environment.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

describe("Auth's public address", () => {
  let home: TemporaryFolder

  beforeEach(async () => {
    home = await temporaryFolder()
  })
  afterEach(() => home[Symbol.asyncDispose]())

  const configOf = (settings: Environment) => readConfig({ SOTTO_AUTH_DATA: home.path, ...settings })

  /** What an administrator is told whose own shell has none of these settings. */
  const toldAfter = async (settings: Environment, port = 7001): Promise<string> => {
    await keepPublicAddress(configOf(settings), port)
    return await readPublicAddress(configOf({}))
  }

  it('is the port that Auth listens on, under the first of its names', async () => {
    expect(await toldAfter({}, 4711)).to.equal(':4711')
    expect(await toldAfter({ SOTTO_NAMES: 'chat.example,192.0.2.1' })).to.equal('chat.example:7001')
    expect(await toldAfter({ SOTTO_NAMES: '2001:db8::1' })).to.equal('[2001:db8::1]:7001')
  })

  it('is what is set, where the port has another number outside', async () => {
    expect(await toldAfter({ SOTTO_AUTH_ADDRESS: 'chat.example:443' })).to.equal('chat.example:443')
    expect(await toldAfter({ SOTTO_AUTH_ADDRESS: ':443' })).to.equal(':443')
    expect(await toldAfter({ SOTTO_AUTH_ADDRESS: ':443', SOTTO_NAMES: 'chat.example' })).to.equal('chat.example:443')
  })

  it('is what the settings say, as long as Auth has never kept it', async () => {
    const config = configOf({ SOTTO_NAMES: 'chat.example', SOTTO_AUTH_PORT: '8001' })
    expect(await readPublicAddress(config)).to.equal('chat.example:8001')
  })

  it('is the published one in the container, and so is the one of the directory', async () => {
    const compose = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8')
    const [, auth = ''] = /^ {2}auth:\n([\s\S]*?)^ {2}directory:/m.exec(compose) ?? []
    const settingsWith = (variables: Environment) =>
      Object.fromEntries(
        [...auth.matchAll(/^ {6}(SOTTO_\w+): (.*)$/gm)].map(([, name, value = '']) => [
          name,
          value.replaceAll("'", '').replaceAll(/\$\{(\w+):-(.*?)\}/g, (_, key, unset) => variables[key] ?? unset),
        ]),
      )
    const usual = readConfig(settingsWith({}))
    expect([usual.publicAddress, usual.directoryAddress]).to.deep.equal([':7001', ':7002'])
    const other = readConfig(settingsWith({ SOTTO_AUTH_PORT: '8001', SOTTO_DIRECTORY_PORT: '8002' }))
    expect([other.publicAddress, other.directoryAddress]).to.deep.equal([':8001', ':8002'])
  })
})
