import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { type JobProcess, suspend } from '#lib/runtime/job-control.ts'

describe('suspend', () => {
  it('stops the whole process group, with the terminal as the shell wants it, and takes it back afterwards', () => {
    const events: string[] = []
    const input = { setRawMode: (isRaw: boolean) => events.push(isRaw ? 'raw' : 'cooked') }
    const job = Object.assign(new EventEmitter(), {
      kill: (pid: number, signal?: string | number) => events.push(`${signal} to ${pid}`) > 0,
    })
    suspend(input, () => events.push('resumed'), job as unknown as JobProcess)
    expect(events).to.deep.equal(['cooked', 'SIGTSTP to 0'])
    job.emit('SIGCONT')
    expect(events.slice(2)).to.deep.equal(['raw', 'resumed'])
  })
})
