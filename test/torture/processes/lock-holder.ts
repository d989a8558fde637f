/**
 * A `sotto receive` of a person who sends with another program: it holds the lock of their profile.
 *
 * @module
 */
import type { Deployment } from '../../support/deployment.ts'
import type { TestProcess } from '../../support/processes.ts'
import type { Victim } from './victim.ts'

export class LockHolder implements Victim {
  readonly label: string
  readonly #deployment: Deployment
  readonly #name: string
  #process: TestProcess | undefined

  constructor(deployment: Deployment, name: string) {
    this.label = `${name}'s receive`
    this.#deployment = deployment
    this.#name = name
  }

  start(): void {
    this.#process = this.#deployment.sotto(['receive', '--profile', this.#name, '--listen', '127.0.0.1'])
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#process?.signal(signal)
    await this.#process?.ended
  }
}
