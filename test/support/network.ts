/**
 * A network of hosts on this machine: network namespaces, joined by a bridge in one more. It leaves the machine's own
 * network alone, and its addresses exist nowhere else. It needs Linux, and root.
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

export class Host {
  readonly #namespace: string

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** Run `ip` on the host. @throws Error if it fails. */
  ip(line: string): void {
    ip('-n', this.#namespace, ...line.split(' '))
  }

  /** The words in front of a command that run it on the host. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace]
  }
}

export class Network implements Disposable {
  readonly #bridge: string
  readonly #namespaces: string[] = []

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
    const namespace = this.#add(name)
    const host = new Host(namespace)
    prepare(host)
    const port = `port${this.#namespaces.length}`
    ip('-n', this.#bridge, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    ip('-n', this.#bridge, 'link', 'set', port, 'master', 'br0', 'up')
    for (const link of ['lo', 'eth0']) host.ip(`link set ${link} up`)
    return host
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
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`)
}
