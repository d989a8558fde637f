/**
 * A real disk that is small, for a test to fill.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid, platform } from 'node:process'
import { hasSystemCode } from '#lib/runtime/system-errors.ts'

/** Why this machine allows none, if it does not. */
export const smallDiskRefusal =
  platform === 'linux' && getuid?.() === 0 ? undefined : 'only root can mount a disk that is small'

/** What is written at a time to fill it, in bytes. */
const FILLING_BYTES = [1_048_576, 65_536, 4_096, 1] as const

export class SmallDisk implements AsyncDisposable {
  readonly path: string
  #freed = 0

  /** Mount one over a folder. */
  static mount(path: string, megabytes: number): SmallDisk {
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
    if (status !== 0) throw new Error(`mount failed: ${stderr}`)
    return new SmallDisk(path)
  }

  private constructor(path: string) {
    this.path = path
  }

  #filling(size: number, count: number): string {
    return join(this.path, `fill-${size}-${count}`)
  }

  /** Take all the room that there is. */
  async fill(): Promise<void> {
    for (const size of FILLING_BYTES) {
      for (let count = 0; ; count += 1) {
        try {
          await writeFile(this.#filling(size, count), Buffer.alloc(size))
        } catch (error) {
          if (!hasSystemCode(error, 'ENOSPC')) throw error
          await rm(this.#filling(size, count), { force: true })
          break
        }
      }
    }
  }

  /** Give so many mebibytes back of those that were filled. */
  async free(megabytes = 1): Promise<void> {
    for (const end = this.#freed + megabytes; this.#freed < end; this.#freed += 1) {
      await rm(this.#filling(FILLING_BYTES[0], this.#freed))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    spawnSync('umount', ['--lazy', this.path])
  }
}
