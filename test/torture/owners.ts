/**
 * The owners of the parts of the simulation, as the parts know them: a process owns connections, an endpoint owns
 * processes. SimulatedProcess and Endpoint implement them, and document each member.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { ServicesAnswer } from '#lib/channel/renewal-role.ts'
import type { Admission } from '#lib/channel/responder.ts'
import type { SottoError } from '#lib/errors.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import type { DurableStreams } from '../../clients/messenger/durable-streams.ts'
import type { Database } from '../../clients/store/disk/database.ts'
import type { MessageLog } from '../../clients/store/log/message-log.ts'
import type { Store } from '../../clients/store/store.ts'
import type { SimulatedMailbox } from './mailbox.ts'
import type { ConnectionEnd } from './network.ts'
import type { World } from './world.ts'

/** A process, as its connections, handshakes, links and sessions know it. */
export interface ConnectionOwner {
  readonly world: World
  readonly name: string
  readonly endpoint: ProcessOwner
  readonly admission: Admission
  readonly streams: DurableStreams
  readonly schedule: Schedule
  run(work: () => void): void
  after(milliseconds: number, work: () => void): void
  hold(link: ConnectionEnd): void
  release(link: ConnectionEnd): void
  refuse(error: SottoError): void
  dial(): void
  readLater(): void
  askServices(task: 'askForTicket' | 'tryServices'): Promise<ServicesAnswer>
}

/** An endpoint, as its processes and its peer know it. */
export interface ProcessOwner {
  readonly world: World
  readonly name: string
  readonly identity: KeyPair
  readonly peer: ProcessOwner
  readonly process: ConnectionOwner | undefined
  /** Where letters to it wait. */
  readonly mailbox: SimulatedMailbox
  openStore(around?: (database: Database) => Database): Store
  messageLogOf(store: Store): MessageLog
  answer(link: ConnectionEnd): void
  lose(): void
  count(events: readonly Event[]): void
  show(events: readonly Event[]): void
  readAll(): void
  receiveAcknowledgement(delivered: number): void
  receiveReceipt(read: number): void
  checkFailure(error: SottoError, isTampered: boolean): void
}
