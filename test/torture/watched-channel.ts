/**
 * The channel that ships, watched: what passes through it is counted and noted in the transcript.
 *
 * @module
 */
import { RenewingChannel, type SentRecord } from '#lib/channel/renewing-channel.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import type { ConnectionOwner } from './owners.ts'

export class WatchedChannel extends RenewingChannel {
  readonly #owner: ConnectionOwner

  constructor(owner: ConnectionOwner, options: ConstructorParameters<typeof RenewingChannel>[0]) {
    super(options)
    this.#owner = owner
  }

  override next(nowMs: number, content: () => Uint8Array | undefined): SentRecord | undefined {
    let sent: Uint8Array | undefined
    const turn = super.next(nowMs, () => {
      sent = content()
      return sent
    })
    if (turn === undefined) return undefined
    const { world, name } = this.#owner
    // What the channel sends for its own renewals holds randomness of node:crypto, which takes no seed.
    world.note(`${name} sends ${turn.plaintext.length}`, sent)
    world.counters.records += 1
    return turn
  }

  override receive(...said: Parameters<RenewingChannel['receive']>): boolean {
    const isItsOwn = super.receive(...said)
    // The opener's last: with it, its keys are new.
    if (said[0].control?.$case === 'renewWelcome') this.#owner.world.counters.renewals += 1
    return isItsOwn
  }

  override open(record: Uint8Array): Uint8Array {
    const plaintext = super.open(record)
    const { firstSequence, events, acknowledged, control } = parseRecordBody(plaintext)
    const { world, name, endpoint } = this.#owner
    world.note(`${name} receives ${firstSequence} ${events.length} ${acknowledged} ${control?.$case}`)
    endpoint.count(events)
    return plaintext
  }
}
