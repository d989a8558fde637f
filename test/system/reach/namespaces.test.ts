/** A deployment over three hosts: the services on one, the sender and the receiver on two others. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { type Host, Network, namespaceRefusal } from '../../support/network.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const SERVER = '10.77.0.1'
const SENDER = '10.77.0.2'
const RECEIVER = '10.77.0.3'
const RECEIVER_MOVED = '10.77.0.33'

/** Further addresses of the receiver's host, as of containers or a VPN, which no other host can reach. */
const DEAD = ['10.88.0.3', '172.30.0.1']

/** Public addresses that it has as well, and does not call from. */
const PUBLIC = ['192.0.2.7', '2001:db8::7']

/** The gateway of the sender's host, which loses all packets without a notice. */
const VOID = '10.77.0.250'

const refusal = namespaceRefusal()

describe(`three hosts${refusal ? `: ${refusal}` : ''}`, () => {
  let network: Network
  let hosts: Record<'services' | 'sender' | 'receiver', Host>
  let folders: Record<keyof typeof hosts, TemporaryFolder>
  let bob: TestProcess
  const started: TestProcess[] = []

  before(async function () {
    if (refusal) return this.skip()
    folders = { services: await temporaryFolder(), sender: await temporaryFolder(), receiver: await temporaryFolder() }
    network = new Network()
    const services = network.addHost('services')
    services.ip(`addr add ${SERVER}/24 dev eth0`)
    const sender = network.addHost('sender')
    sender.ip(`addr add ${SENDER}/24 dev eth0`)
    sender.ip(`neigh add ${VOID} lladdr 02:00:00:00:00:01 dev eth0`)
    sender.ip(`route add default via ${VOID}`)
    const receiver = network.addHost('receiver', (host) => {
      // A pair of virtual interfaces within the host, which every kernel has.
      host.ip('link add others type veth peer name nowhere')
      for (const end of ['others', 'nowhere']) host.ip(`link set ${end} up`)
      for (const address of [...DEAD, ...PUBLIC])
        host.ip(`addr add ${address}/${address.includes(':') ? '128 nodad' : '32'} dev others`)
    })
    receiver.ip(`addr add ${RECEIVER}/24 dev eth0`)
    hosts = { services, sender, receiver }
    await signUp()
  })
  after(async () => {
    for (const each of started) each.signal('SIGTERM')
    await Promise.all(started.map(({ ended }) => ended))
    network?.[Symbol.dispose]()
    for (const folder of Object.values(folders ?? {})) await folder[Symbol.asyncDispose]()
  })

  /** Start `sotto` on a host, with that host's own files. */
  function sotto(on: keyof typeof hosts, args: readonly string[], input?: string): TestProcess {
    const [command = '', ...prefix] = hosts[on].prefix
    const env = environmentOf(folders[on].path, on === 'services' ? { SOTTO_NAMES: SERVER } : {})
    const all = [...prefix, process.execPath, SOTTO, ...args]
    const running = new TestProcess(command, all, { env, input })
    started.push(running)
    return running
  }

  /** Start everything until the receiver can be called. */
  async function signUp(): Promise<void> {
    await sotto('services', ['up']).untilStderr('Sotto is up')
    const added = await outcomeOf(
      sotto('services', ['admin', 'add-user', 'alice', 'bob'], 'one of two words\ntwo of two words\n'),
    )
    const [, fingerprint] = /#([0-9a-f]{64})/.exec(added.errors) ?? []
    for (const [on, name, password] of [
      ['sender', 'alice', 'one of two words'],
      ['receiver', 'bob', 'two of two words'],
    ] as const) {
      const file = join(folders[on].path, 'password')
      await writeFile(file, password, { mode: 0o600 })
      const server = `${SERVER}:7001#${fingerprint}`
      const { code, errors } = await outcomeOf(sotto(on, ['login', name, '--server', server, '--password-file', file]))
      expect(code, errors).to.equal(0)
    }
    bob = sotto('receiver', ['receive'])
    await bob.untilStderr('online as bob')
  }

  /** Send a text, and check that it arrives. */
  async function chat(text: string): Promise<void> {
    const { code, errors } = await outcomeOf(sotto('sender', ['send', 'bob', text]))
    expect(code, errors).to.equal(0)
    expect(bob.output.text.endsWith(`${text}\n`)).to.equal(true)
  }

  it('connect by the one of several addresses that works', async () => {
    const [, announced = ''] = /online as bob, at (.*), through the relay at /.exec(bob.errors.text) ?? []
    const addresses = announced.split(', ').map((endpoint) => endpoint.replace(/:\d+$/, '').replaceAll(/[[\]]/g, ''))
    expect(addresses).to.have.members([...DEAD, RECEIVER])
    // The directory tells nobody of PUBLIC. Otherwise no address would have to be skipped.
    expect(addresses.indexOf(RECEIVER)).to.be.above(0)
    await chat('across hosts')
  })

  it('exchange messages without an intermediary', () => {
    const calls = bob.errors.text.split('\n').filter((line) => line.includes('PeerService/Converse'))
    expect(calls.map((line) => JSON.parse(line))).to.have.length(1)
    expect(JSON.parse(calls[0] ?? '')).to.include({ peer: SENDER, status: 'OK' })
  })

  it('find each other again when the receiver has another address', async () => {
    hosts.receiver.ip(`addr del ${RECEIVER}/24 dev eth0`)
    hosts.receiver.ip(`addr add ${RECEIVER_MOVED}/24 dev eth0`)
    // No packet reports that the old address is gone: the client polls.
    await bob.untilStderr('online again')
    await chat('from a new address')
  })
})
