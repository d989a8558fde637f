/**
 * Two people at home, each behind a router that translates addresses and passes no port on, and the services outside: all
 * real processes, on hosts of their own.
 */
import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { JsonChat } from '../../support/json-chat.ts'
import { type Host, Network, routerRefusal } from '../../support/network.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const SERVICES = '10.77.0.1'

/** The address of each home's line, and the one that its provider gives it next. */
const LINE_OF = { alice: '10.77.0.2', bob: '10.77.0.3' }
const NEXT_LINE_OF_ALICE = '10.77.0.22'

/** Where they are when they are not at home: on a network that everybody reaches. */
const OUTSIDE_OF = { alice: '10.77.0.4', bob: '10.77.0.5' }

const FILE_BYTES = 256 * 1024 * 1024

type Name = keyof typeof LINE_OF
const NAMES = ['alice', 'bob'] as const

const refusal = routerRefusal()

describe(`two people behind routers${refusal ? `: ${refusal}` : ''}`, function () {
  this.timeout(300_000)
  let network: Network
  let services: Host
  let routers: Record<Name, Host>
  let homes: Record<Name, Host>
  let folder: TemporaryFolder
  let resources: AsyncDisposableStack
  let chats: Record<Name, JsonChat>

  before(async function () {
    if (refusal) return this.skip()
    resources = new AsyncDisposableStack()
    folder = await temporaryFolder()
    resources.defer(() => folder[Symbol.asyncDispose]())
    network = resources.use(new Network())
    services = network.addHost('services')
    services.ip(`addr add ${SERVICES}/24 dev eth0`)
    const addHome = (name: Name) => {
      const router = network.addRouter(`router-${name}`)
      router.ip(`addr add ${LINE_OF[name]}/24 dev eth0`)
      const home = network.addHostBehind(router, name)
      // Both are in the same private network, as far as addresses go.
      const own = name === 'alice' ? '192.168.1.2' : '192.168.1.3'
      router.ip('addr add 192.168.1.1/24 dev lan')
      home.ip(`addr add ${own}/24 dev eth0`)
      home.ip('route add default via 192.168.1.1')
      return [router, home] as const
    }
    const [[routerOfAlice, alice], [routerOfBob, bob]] = [addHome('alice'), addHome('bob')]
    routers = { alice: routerOfAlice, bob: routerOfBob }
    homes = { alice, bob }
    await signUp()
  })
  after(async () => await resources?.disposeAsync())

  /** Start `sotto` on a host, with the files of whoever it belongs to. */
  function sotto(host: Host, owner: Name | 'services', args: readonly string[], input?: string): TestProcess {
    const [command = '', ...prefix] = [...host.prefix, process.execPath, SOTTO, ...args]
    const settings = owner === 'services' ? { SOTTO_NAMES: SERVICES, SOTTO_RELAY_BYTES_PER_SECOND: '1000000000' } : {}
    const env = environmentOf(join(folder.path, owner), settings)
    return new TestProcess(command, prefix, { env, input })
  }

  async function signUp(): Promise<void> {
    const up = sotto(services, 'services', ['up'])
    resources.defer(async () => {
      up.signal('SIGTERM')
      await up.ended
    })
    await up.untilStderr('Sotto is up')
    const passwords = 'one of two words\ntwo of two words\n'
    const added = await outcomeOf(sotto(services, 'services', ['admin', 'add-user', ...NAMES], passwords))
    const [, fingerprint] = /#([0-9a-f]{64})/.exec(added.errors) ?? []
    for (const [index, name] of NAMES.entries()) {
      const file = join(folder.path, `password of ${name}`)
      await writeFile(file, passwords.split('\n')[index] as string, { mode: 0o600 })
      const server = `${SERVICES}:7001#${fingerprint}`
      const args = ['login', name, '--server', server, '--password-file', file]
      const { code, errors } = await outcomeOf(sotto(homes[name], name, args))
      expect(code, errors).to.equal(0)
    }
  }

  /** Have somebody chat, until they are online. */
  async function begin(name: Name, options: readonly string[] = []): Promise<JsonChat> {
    const args = ['chat', '--json', '--accept-files', inboxOf(name), ...options]
    return resources.use(await JsonChat.online(sotto(homes[name], name, args, 'open')))
  }

  const inboxOf = (name: Name) => join(folder.path, `inbox of ${name}`)

  /** Have both chat where they are, with options of each. */
  async function chat(options: Partial<Record<Name, readonly string[]>> = {}): Promise<void> {
    const [alice, bob] = await Promise.all(NAMES.map((name) => begin(name, options[name])))
    if (alice !== undefined && bob !== undefined) chats = { alice, bob }
  }

  /** Give somebody's machine a second cable, to the network that everybody reaches. */
  function goOutside(name: Name): void {
    network.plug(homes[name], 'eth1')
    homes[name].ip(`addr add ${OUTSIDE_OF[name]}/24 dev eth1`)
  }

  async function leave(...names: readonly Name[]): Promise<void> {
    await Promise.all((names.length === 0 ? NAMES : names).map((name) => chats[name].quit()))
  }

  async function say(from: Name, text: string): Promise<void> {
    const to = from === 'alice' ? 'bob' : 'alice'
    chats[from].say(to, text)
    await chats[to].untilText(text)
  }

  it('talk through the relay, send a file, are cut in the middle of it, and come back with nothing lost', async () => {
    await chat()
    await say('alice', 'from behind a router')
    await say('bob', 'to behind a router')
    expect([chats.alice.routes, chats.bob.routes]).to.deep.equal([['relay'], ['relay']])

    const file = join(folder.path, 'file')
    const sha256 = await writeRandom(file, FILE_BYTES)
    chats.alice.command(`file ${file}`)
    await chats.bob.until('transfer', ({ position }) => Number(position) > FILE_BYTES / 8)
    // As a provider does at night: the line comes back under another address, and whatever went over it is dead.
    routers.alice.ip(`addr del ${LINE_OF.alice}/24 dev eth0`)
    routers.alice.ip(`addr add ${NEXT_LINE_OF_ALICE}/24 dev eth0`)
    await say('alice', 'from behind another address')
    const over = await chats.bob.until('transfer', ({ state }) => state === 'received')
    expect(await sha256Of(join(inboxOf('bob'), 'file'))).to.equal(sha256)
    expect(over['size']).to.equal(FILE_BYTES)
    await say('bob', 'it is here')
    expect(new Set([...chats.alice.routes, ...chats.bob.routes])).to.deep.equal(new Set(['relay']))
    expect(chats.bob.events('message').map(({ text }) => text)).to.deep.equal([
      'from behind a router',
      'to behind a router',
      'from behind another address',
      'it is here',
    ])
    await leave()
  })

  it('talk directly from the next conversation on, once one of them is where the other reaches them', async () => {
    await chat()
    await say('alice', 'through the relay')
    // A machine that is carried elsewhere: its old address is gone, and with it all that it was connected to.
    homes.bob.ip('addr flush dev eth0')
    goOutside('bob')
    await chats.bob.until('online', ({ endpoints }) => String(endpoints).includes(OUTSIDE_OF.bob))
    await leave('alice')
    chats.alice = await begin('alice')
    await say('alice', 'directly')
    await say('bob', 'likewise')
    expect([chats.alice.routes, chats.bob.routes]).to.deep.equal([['direct'], ['relay', 'direct']])
    await leave()
  })

  it('send the other’s host no packet with --relay-only, though each reaches the other', async () => {
    goOutside('alice')
    const counts = [OUTSIDE_OF.alice, LINE_OF.alice, NEXT_LINE_OF_ALICE].map((address) => homes.bob.countFrom(address))
    const packets = () => counts.reduce((sum, count) => sum + count(), 0)
    await chat({ alice: ['--relay-only'] })
    await say('alice', 'from nowhere')
    await say('bob', 'to nowhere')
    await leave()
    expect(chats.alice.routes).to.deep.equal(['relay'])
    expect(packets()).to.equal(0)

    await chat({ alice: ['--any-route'] })
    await say('alice', 'from here')
    await leave()
    expect(chats.alice.routes).to.deep.equal(['direct'])
    expect(packets()).to.be.above(0)
  })
})

/** Write a file of random bytes. @returns their SHA-256. */
async function writeRandom(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(1024 * 1024)
  await using file = await open(path, 'w')
  for (let written = 0; written < bytes; written += chunk.length) {
    await file.write(randomFillSync(chunk))
    hash.update(chunk)
  }
  return hash.digest('hex')
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
