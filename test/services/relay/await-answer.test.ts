import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { Attendances } from '../../../services/relay/attendances.ts'
import { awaitAnswer } from '../../../services/relay/await-answer.ts'
import { rejection } from '../../support/rejection.ts'

const SESSION = Buffer.alloc(16, 1)

/** A call that waits, and its id as whoever attends is told it. */
async function waitingCall() {
  const attendances = new Attendances<string>()
  const attendance = attendances.begin({ account: 'bob', sessionId: SESSION })
  const waiting = attendances.call(attendance.id, 'alice')
  const { value: callId } = await attendance.events(AbortSignal.timeout(60_000)).next()
  return { waiting, answer: () => attendances.answer(callId as Uint8Array, SESSION, 'bob') }
}

describe('awaitAnswer', () => {
  it('gives whoever answers, though nobody waits right after that', async () => {
    const { waiting, answer } = await waitingCall()
    const gone = new AbortController()
    const answered = awaitAnswer(waiting, 60_000, gone.signal)
    answer()
    gone.abort(new SottoError('ERR_CHANNEL_CUT', 'gone'))
    expect(await answered).to.equal('bob')
  })

  it('lets nobody answer a caller who has gone, be it in the same turn', async () => {
    const { waiting, answer } = await waitingCall()
    const gone = new AbortController()
    const answered = rejection(awaitAnswer(waiting, 60_000, gone.signal))
    gone.abort(new SottoError('ERR_CHANNEL_CUT', 'gone'))
    expect(answer).to.throw(SottoError).with.property('code', 'ERR_NOT_ONLINE')
    expect((await answered).code).to.equal('ERR_CHANNEL_CUT')
  })

  it('lets nobody answer whose caller has waited for too long, or never waits', async () => {
    const late = await waitingCall()
    expect((await rejection(awaitAnswer(late.waiting, 1, new AbortController().signal))).code).to.equal(
      'ERR_UNAVAILABLE',
    )
    const never = await waitingCall()
    const reason = new SottoError('ERR_CHANNEL_CUT', 'gone')
    expect(await rejection(awaitAnswer(never.waiting, 60_000, AbortSignal.abort(reason)))).to.equal(reason)
    for (const { answer } of [late, never]) expect(answer).to.throw(SottoError).with.property('code', 'ERR_NOT_ONLINE')
  })
})
