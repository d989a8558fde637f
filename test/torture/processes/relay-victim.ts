/**
 * The relay of a conversation: it is killed one time, and stopped in order the next.
 *
 * @module
 */
import type { Deployment } from '../../support/deployment.ts'
import type { Victim } from './victim.ts'

export class RelayVictim implements Victim {
  readonly label = 'the relay'
  readonly #deployment: Deployment
  #signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'

  constructor(deployment: Deployment) {
    this.#deployment = deployment
  }

  async kill(): Promise<void> {
    await this.#deployment.endService('relay', this.#signal)
    this.#signal = this.#signal === 'SIGKILL' ? 'SIGTERM' : 'SIGKILL'
  }

  start(): Promise<void> {
    return this.#deployment.startService('relay')
  }
}
