import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { type JobProcess, keepRaw, suspend } from '#lib/runtime/job-control.ts'

describe('job control', () => {
  let events: string[]
  let job: EventEmitter & JobProcess
  const input = { setRawMode: (isRaw: boolean) => events.push(isRaw ? 'raw' : 'cooked') }
  beforeEach(() => {
    events = []
    const kill = (pid: number, signal?: string | number) => events.push(`${signal} to ${pid}`) > 0
    job = Object.assign(new EventEmitter(), { kill }) as unknown as typeof job
  })

  it('stops the whole process group, with the terminal as the shell wants it', () => {
    suspend(input, job)
    expect(events).to.deep.equal(['cooked', 'SIGTSTP to 0'])
  })

  it('takes the terminal back each time that the program goes on, whatever had stopped it', () => {
    const raw = keepRaw(input, () => events.push('resumed'), job)
    // Raw to raw would be no change to Node.js, which knows nothing of what the shell did.
    job.emit('SIGCONT')
    expect(events).to.deep.equal(['cooked', 'raw', 'resumed'])
    job.emit('SIGCONT')
    expect(events.slice(3)).to.deep.equal(['cooked', 'raw', 'resumed'])
    raw[Symbol.dispose]()
    job.emit('SIGCONT')
    expect(events).to.have.lengthOf(6)
  })
})
