import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { MOST_RECENT } from '../../../../clients/files/report/recent.ts'
import { TransferReport } from '../../../../clients/files/report/transfer-report.ts'
import type { Transfer } from '../../../../clients/store/transfers/transfer.ts'

const GIVEN: Transfer = {
  id: 'ab'.repeat(16),
  contact: 'bob',
  direction: 'uploading',
  name: 'report.pdf',
  files: undefined,
  size: 10_000_000,
  state: 'offered',
  position: 0,
  path: undefined,
  at: new Date(0),
}

describe('TransferReport', () => {
  let lines: string[]
  let nowMs: number
  beforeEach(() => {
    lines = []
    nowMs = 0
  })

  function report(everyMs?: number): TransferReport {
    return new TransferReport({ write: (line) => lines.push(line), monotonicMs: () => nowMs, everyMs })
  }

  /** Let 10 MB flow in ten seconds. */
  function flow(told: TransferReport): void {
    for (let position = 0; position <= GIVEN.size; position += 100_000) {
      told.changed({ ...GIVEN, state: 'accepted', position })
      nowMs += 100
    }
  }

  it('forgets the oldest where there are many, however long it runs', () => {
    const told = report()
    told.changed(GIVEN)
    for (let n = 0; n < MOST_RECENT - 1; n += 1) told.changed({ ...GIVEN, id: `other ${n}` })
    told.changed(GIVEN)
    expect(lines).to.have.length(MOST_RECENT)
    told.changed({ ...GIVEN, id: 'one more' })
    told.changed({ ...GIVEN, id: 'other 0' })
    expect(lines).to.have.length(MOST_RECENT + 2)
  })

  it('tells of each step once', () => {
    const told = report()
    told.changed(GIVEN)
    told.changed(GIVEN)
    flow(told)
    told.changed({ ...GIVEN, state: 'received', position: GIVEN.size })
    expect(lines).to.deep.equal([
      'to bob: report.pdf, 10 MB, offered',
      'to bob: report.pdf, 10 MB, accepted',
      'to bob: report.pdf, 10 MB, received',
    ])
  })

  it('tells now and then how far it has come, where it is asked to', () => {
    flow(report(4_000))
    expect(lines).to.deep.equal([
      'to bob: report.pdf, 10 MB, accepted',
      'to bob: report.pdf, 4.0 of 10 MB (40 %), 1.0 MB/s, 6 s left',
      'to bob: report.pdf, 8.0 of 10 MB (80 %), 1.0 MB/s, 2 s left',
    ])
  })

  it('tells why it ended here, and from whom it came', () => {
    const error = new SottoError('ERR_FILE_SAVE_FAILED', 'the disk is full')
    report().changed({ ...GIVEN, direction: 'downloading', state: 'save-failed' }, error)
    expect(lines).to.deep.equal(['from bob: report.pdf, 10 MB, could not be kept here: the disk is full'])
  })
})
