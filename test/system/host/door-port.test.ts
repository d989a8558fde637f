/** The door at port 443, as a user to whom no more is given than its unit gives: the port, and nothing else. */
import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { type Host, Network, namespaceRefusal } from '../../support/network.ts'
import { TestProcess } from '../../support/processes.ts'
import { programIn } from '../../support/programs.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

/** A user that no system has. */
const USER = 61_005

/** What the unit's AmbientCapabilities and CapabilityBoundingSet give. */
const PORT_PERMISSION = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service']
const NOTHING_ELSE = ['--bounding-set=-all,+net_bind_service', '--no-new-privs']

const SETTINGS = {
  SOTTO_DOOR_PORT: '443',
  SOTTO_DOOR_TO_AUTH: 'localhost:7031',
  SOTTO_DOOR_TO_DIRECTORY: 'localhost:7032',
  SOTTO_DOOR_TO_RELAY: 'localhost:7033',
}

const refusal = namespaceRefusal()

describe(`the door at port 443${refusal === undefined ? '' : `: ${refusal}`}`, function () {
  this.timeout(60_000)
  let home: TemporaryFolder
  let network: Network
  let host: Host

  before(async function () {
    if (refusal !== undefined) return this.skip()
    home = await temporaryFolder()
    // A host of its own, on which no port below 1024 is given to everybody.
    network = new Network()
    host = network.addHost('door')
    host.run(['sh', '-c', 'echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start'])
  })
  after(async () => {
    network?.[Symbol.dispose]()
    await home?.[Symbol.asyncDispose]()
  })

  /** Run a program on the host as the user. */
  function run(permissions: readonly string[], program: string, ...args: readonly string[]): TestProcess {
    const user = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', ...permissions]
    const [command = '', ...rest] = [...host.prefix, 'setpriv', ...user, process.execPath, program, ...args]
    return new TestProcess(command, rest, { env: environmentOf(home.path, { ...SETTINGS, HOME: home.path }) })
  }

  it('is refused to a user who may not have it, with the ways to give it', async () => {
    const refused = await outcomeOf(run(NOTHING_ELSE, programIn('services/door')))
    expect(refused.code).to.equal(1)
    expect(refused.errors).to.include('"code":"ERR_CONFIG"').and.to.include('AmbientCapabilities=CAP_NET_BIND_SERVICE')
  })

  it('is had by one who may bind ports, and nothing else', async () => {
    await using door = run([...PORT_PERMISSION, ...NOTHING_ELSE], programIn('services/door'))
    await door.untilStderr('"msg":"up"')
    host.run(['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/443'])
    const status = await readFile(`/proc/${door.pid}/status`, 'utf8')
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(status).to.match(new RegExp(`^${set}:\\t0+400$`, 'm'))
    door.signal('SIGTERM')
    expect(await door.ended).to.equal(0)
  })
})
