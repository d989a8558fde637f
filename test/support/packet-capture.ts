/**
 * A capture of the packets of this machine's loopback, where that is permitted.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { TestProcess } from './processes.ts'

/** The reason why packets of loopback cannot be captured here; undefined where they can. */
export function captureRefusal(): string | undefined {
  // Asking for the link types opens the device, and nothing more.
  const { error, status } = spawnSync('dumpcap', ['-L', '-i', 'lo'], { stdio: 'ignore' })
  if (error) return 'dumpcap is not on this machine'
  return status === 0 ? undefined : 'dumpcap is not permitted here'
}

/** How long packets may lie in the kernel before dumpcap has them, in milliseconds: twice what libpcap asks for. */
const KERNEL_BUFFER_MS = 500

export class PacketCapture implements AsyncDisposable {
  /** The path of the capture, in pcapng format; complete once it is stopped. */
  readonly file: string
  readonly #dumpcap: TestProcess

  /** Start to capture what goes to and from these ports. */
  static async start(folder: string, ports: readonly number[]): Promise<PacketCapture> {
    const capture = new PacketCapture(join(folder, 'packets.pcapng'), ports)
    await capture.#dumpcap.untilStderr('File:')
    return capture
  }

  private constructor(file: string, ports: readonly number[]) {
    this.file = file
    const filter = ports.map((port) => `tcp port ${port}`).join(' or ')
    this.#dumpcap = new TestProcess('dumpcap', ['-q', '-i', 'lo', '-f', filter, '-w', file])
  }

  async stop(): Promise<void> {
    await wait(KERNEL_BUFFER_MS)
    this.#dumpcap.signal('SIGTERM')
    await this.#dumpcap.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dumpcap[Symbol.asyncDispose]()
  }
}
