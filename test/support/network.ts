/**
 * A network of hosts on this machine: network namespaces, joined by a bridge in one more, and routers as people have at
 * home, each with a host behind it. It leaves the machine's own network alone, and its addresses exist nowhere else. It
 * needs Linux, and root.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'

/** The reason why namespaces cannot be made here; undefined where they can. */
export function namespaceRefusal(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are for Linux'
  if (process.getuid?.() !== 0) return 'network namespaces are for root'
  if (spawnSync('ip', ['-V'], { stdio: 'ignore' }).error) return 'ip (iproute2) is not on this machine'
  try {
    using network = new Network()
    network.addHost('try')
    return undefined
  } catch (error) {
    return `network namespaces are refused here (${String(error)})`
  }
}

/** The reason why routers cannot be made here; undefined where they can. */
export function routerRefusal(): string | undefined {
  const refusal = namespaceRefusal()
  if (refusal !== undefined) return refusal
  if (spawnSync('nft', ['-v'], { stdio: 'ignore' }).error) return 'nft (nftables) is not on this machine'
  try {
    using network = new Network()
    network.addRouter('try').countFrom('10.0.0.1')
    return undefined
  } catch (error) {
    return `address translation is refused here (${String(error)})`
  }
}

/**
 * What a router at home does: whatever goes out has the router's own address, whatever it may be then, and nothing comes in
 * but answers.
 */
const MASQUERADE = `table ip home {
  chain out { type nat hook postrouting priority srcnat; oifname eth0 masquerade; }
  chain forward {
    type filter hook forward priority filter; policy drop
    iifname lan accept
    ct state established,related accept
  }
}`

export class Host {
  readonly namespace: string

  constructor(namespace: string) {
    this.namespace = namespace
  }

  /** Run `ip` on the host. @throws Error if it fails. */
  ip(line: string): void {
    ip('-n', this.namespace, ...line.split(' '))
  }

  /** The words in front of a command that run it on the host. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace]
  }

  /** Run a command on the host. @returns what it prints. @throws Error if it fails. */
  run(command: readonly string[], input = ''): string {
    return run([...this.prefix, ...command], input)
  }

  /** Count the packets that come here from an address. @returns how many came since. */
  countFrom(address: string): () => number {
    const table = `from_${address.replaceAll('.', '_')}`
    const rules = `table ip ${table} {
      counter seen {}
      chain into {
        type filter hook prerouting priority raw
        ip saddr ${address} counter name seen
      }
    }`
    this.run(['nft', '-f', '-'], rules)
    return () => {
      const [, packets] = /packets (\d+)/.exec(this.run(['nft', 'list', 'counter', 'ip', table, 'seen'])) ?? []
      return Number(packets)
    }
  }
}

export class Network implements Disposable {
  readonly #bridge: string
  readonly #namespaces: string[] = []
  #ports = 0

  constructor() {
    this.#bridge = this.#add('bridge')
    try {
      ip('-n', this.#bridge, 'link', 'add', 'br0', 'type', 'bridge')
      ip('-n', this.#bridge, 'link', 'set', 'br0', 'up')
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Add a host, with a cable from its eth0 to the bridge.
   *
   * @param prepare - Called before the host has that interface, so that others can come first.
   */
  addHost(name: string, prepare: (host: Host) => void = () => {}): Host {
    const host = new Host(this.#add(name))
    prepare(host)
    this.plug(host, 'eth0')
    return host
  }

  /** Add a router, with its eth0 on the bridge. */
  addRouter(name: string): Host {
    const router = this.addHost(name)
    router.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
    router.run(['nft', '-f', '-'], MASQUERADE)
    return router
  }

  /** Add the host behind a router, with a cable from its eth0 to the router's `lan`. */
  addHostBehind(router: Host, name: string): Host {
    const host = new Host(this.#add(name))
    router.ip(`link add lan type veth peer name eth0 netns ${host.namespace}`)
    router.ip('link set lan up')
    for (const link of ['lo', 'eth0']) host.ip(`link set ${link} up`)
    return host
  }

  /** Lay a cable from a new interface of a host to the bridge. */
  plug(host: Host, link: string): void {
    this.#ports += 1
    const port = `port${this.#ports}`
    const [bridge, { namespace }] = [new Host(this.#bridge), host]
    bridge.ip(`link add ${port} type veth peer name ${link} netns ${namespace}`)
    bridge.ip(`link set ${port} master br0 up`)
    for (const each of ['lo', link]) host.ip(`link set ${each} up`)
  }

  [Symbol.dispose](): void {
    for (const namespace of this.#namespaces) ip('netns', 'del', namespace)
  }

  #add(name: string): string {
    const namespace = nameOf(name)
    ip('netns', 'add', namespace)
    this.#namespaces.push(namespace)
    return namespace
  }
}

function nameOf(host: string): string {
  return `sotto-test-${process.pid}-${host}`
}

function ip(...args: readonly string[]): void {
  run(['ip', ...args])
}

function run([command = '', ...args]: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input })
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')}: ${stderr.trim()}`)
  return stdout
}
