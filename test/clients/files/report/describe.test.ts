import { expect } from 'chai'
import { FileEntryType } from '#gen/sotto/peer/v1/record.ts'
import {
  contentText,
  nameText,
  offerText,
  progressText,
  rateText,
  remainingText,
  sizeText,
  transferText,
} from '../../../../clients/files/report/describe.ts'
import type { Transfer } from '../../../../clients/store/transfers/transfer.ts'

describe('sizeText', () => {
  it('has one digit behind the point where there is one before it, and none else', () => {
    const sizes = [0, 1, 999, 1_000, 3_449, 9_949, 9_950, 34_000, 999_499, 999_500, 3_400_000, 2 ** 40, 2 ** 53 - 1]
    expect(sizes.map(sizeText)).to.deep.equal([
      ...['0 B', '1 B', '999 B', '1.0 kB', '3.4 kB', '9.9 kB', '10 kB', '34 kB', '999 kB', '1.0 MB', '3.4 MB'],
      ...['1.1 TB', '9.0 PB'],
    ])
  })

  it('says rates in the same way', () => {
    expect(rateText(1_234_567.8)).to.equal('1.2 MB/s')
    expect(rateText(0.4)).to.equal('0 B/s')
  })
})

describe('remainingText', () => {
  it('counts in seconds, minutes, hours and days', () => {
    const seconds = [0, 0.2, 12, 99, 100, 5_940, 6_000, 7_200, 7_260, 172_800]
    expect(seconds.map((each) => remainingText(each * 1_000))).to.deep.equal([
      ...['1 s left', '1 s left', '12 s left', '99 s left', '2 min left', '99 min left'],
      ...['1 h 40 min left', '2 h left', '2 h 1 min left', '2 days left'],
    ])
  })
})

describe('nameText', () => {
  it('leaves ordinary names alone, whatever their language', () => {
    for (const name of ['report.pdf', 'my file (1).txt'.replace(/[()]/g, ''), 'Übersicht_2.ods', '写真.jpg', "it's"]) {
      expect(nameText(name)).to.equal(name)
    }
  })

  it('quotes a name that could be taken for a part of the sentence', () => {
    expect(nameText('a.txt, 3.4 MB, received')).to.equal('"a.txt, 3.4 MB, received"')
    expect(nameText('a" b')).to.equal('"a\\" b"')
    expect(nameText(' a')).to.equal('" a"')
    expect(nameText('a  b')).to.equal('"a  b"')
  })

  it('lets nothing through that moves a cursor or reorders a line', () => {
    expect(nameText('a\u001b[2J\n\u202eb')).to.equal('a\\e[2J\\n\\u{202e}b')
  })

  it('keeps what is written from right to left by itself', () => {
    expect(nameText('קובץ.pdf')).to.equal('\u2068קובץ.pdf\u2069')
  })
})

describe('offerText', () => {
  const entry = (path: string, size: bigint, folder = false) => {
    const type = folder ? FileEntryType.FOLDER : FileEntryType.FILE
    return { path: Buffer.from(path), size, sha256: Buffer.alloc(folder ? 0 : 32), type }
  }

  it('names a file with its size', () => {
    expect(offerText({ entries: [entry('report.pdf', 3_400_000n)] })).to.equal('report.pdf, 3.4 MB')
  })

  it('counts the files of a folder', () => {
    const entries = [entry('photos/a', 600n), entry('photos/none', 0n, true), entry('photos/sub/b', 600n)]
    expect(offerText({ entries })).to.equal('photos/ with 2 files, 1.2 kB')
    expect(offerText({ entries: entries.slice(0, 1) })).to.equal('photos/ with 1 file, 600 B')
    expect(offerText({ entries: [entry('empty', 0n, true)] })).to.equal('empty/ with 0 files, 0 B')
  })

  it('quotes the name and not the slash behind it', () => {
    expect(contentText({ name: 'a, b', files: 3, size: 5 })).to.equal('"a, b"/ with 3 files, 5 B')
  })
})

describe('progressText', () => {
  it('says how much of how much, how fast and how long', () => {
    const told = progressText(1_200_000, 3_400_000, { rate: 1_100_000, remainingMs: 2_000 })
    expect(told).to.equal('1.2 of 3.4 MB (35 %), 1.1 MB/s, 2 s left')
    expect(progressText(1_200, 3_400_000)).to.equal('1.2 kB of 3.4 MB (0 %)')
    expect(progressText(1_200, 3_400_000, { rate: 0 })).to.equal('1.2 kB of 3.4 MB (0 %), stalled')
  })

  it('is done where there is nothing to do', () => {
    expect(progressText(0, 0)).to.equal('0 of 0 B (100 %)')
    expect(progressText(999_999, 1_000_000, {})).to.equal('1.0 of 1.0 MB (99 %)')
  })
})

describe('transferText', () => {
  const report: Transfer = {
    id: 'ab'.repeat(16),
    contact: 'bob',
    direction: 'downloading',
    name: 'report.pdf',
    files: undefined,
    size: 3_400_000,
    state: 'offered',
    position: 0,
    path: undefined,
    at: new Date(0),
  }

  it('tells what has become of it', () => {
    expect(transferText(report)).to.equal('report.pdf, 3.4 MB, offered')
    expect(transferText({ ...report, state: 'declined' })).to.equal('report.pdf, 3.4 MB, declined')
    expect(transferText({ ...report, state: 'accepted' })).to.equal('report.pdf, 3.4 MB, accepted')
    const flowing = { ...report, state: 'accepted', position: 1_200_000 } as const
    expect(transferText(flowing)).to.equal('report.pdf, 1.2 of 3.4 MB (35 %)')
    expect(transferText(flowing, { rate: 1_100_000, remainingMs: 2_000 })).to.equal(
      'report.pdf, 1.2 of 3.4 MB (35 %), 1.1 MB/s, 2 s left',
    )
    const photos = { ...report, name: 'photos', files: 2, state: 'received', path: '/home/alice/photos (2)' } as const
    expect(transferText(photos)).to.equal('photos/ with 2 files, 3.4 MB, received as "/home/alice/photos (2)"')
    expect(transferText({ ...photos, direction: 'uploading' })).to.equal('photos/ with 2 files, 3.4 MB, received')
  })

  it('says at which end it failed', () => {
    for (const state of ['save-failed', 'source-changed'] as const) {
      const [given, got] = (['uploading', 'downloading'] as const).map((direction) =>
        transferText({ ...report, state, direction }),
      )
      expect(given).to.not.equal(got)
    }
  })
})
