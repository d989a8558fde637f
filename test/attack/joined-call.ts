/**
 * Two people who talk through a relay, as what they send each other is seen by the one who calls.
 *
 * @module
 */
import { RelayServiceService } from '#gen/sotto/relay/v1/relay_service.ts'
import { connect } from '#lib/rpc/client.ts'
import type { Secret } from '#lib/secret.ts'

interface Keys {
  readonly relayBearer: Secret | undefined
}

export interface JoinedCallOptions {
  /** Of the relay, HOST:PORT. */
  readonly address: string
  readonly authorityPem: string
  readonly caller: Keys
  readonly receiver: Keys
}

/** What is said, in bytes: a record with a short text. */
const SAID = Buffer.alloc(100)

/** Join a call, whose receiver sends everything back. @returns a function that says something, and waits for it. */
export async function joinedCall(
  resources: AsyncDisposableStack,
  { address, authorityPem, caller, receiver }: JoinedCallOptions,
): Promise<() => Promise<void>> {
  const open = () => {
    const connection = connect(RelayServiceService, {
      address,
      security: { authorityPem, role: 'relay.sotto' },
      isForConversations: true,
    })
    resources.defer(() => connection.close())
    return connection
  }
  const bearerOf = ({ relayBearer }: Keys) => {
    if (relayBearer === undefined) throw new Error('a session without a bearer for relays')
    return { bearer: relayBearer }
  }
  const [near, far] = [open(), open()]
  const attendance = far.call.attend({}, bearerOf(receiver))[Symbol.asyncIterator]()
  const attended = (await attendance.next()).value?.event
  if (attended?.$case !== 'attendanceId') throw new Error('nobody attends')
  const call = near.call.call(bearerOf(caller))
  await call.send({ message: { $case: 'attendanceId', value: attended.value } })
  const called = (await attendance.next()).value?.event
  if (called?.$case !== 'callId') throw new Error('nobody calls')
  const answer = far.call.answer(bearerOf(receiver))
  await answer.send({ message: { $case: 'callId', value: called.value } })
  await call.messages.next()
  const echo = async () => {
    for await (const { message } of answer.messages) {
      if (message?.$case === 'request') await answer.send({ message: { $case: 'response', value: message.value } })
    }
  }
  // It ends with the connection.
  void echo().catch(() => {})
  return async () => {
    await call.send({ message: { $case: 'request', value: SAID } })
    const { done } = await call.messages.next()
    if (done) throw new Error('the call is over')
  }
}
