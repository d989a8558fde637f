import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { FileOffer } from '#gen/sotto/peer/v1/record.ts'
import { checkFileOffer } from '#lib/delivery/file-events.ts'
import { MAX_EVENT_BYTES, MAX_MANIFEST_BYTES } from '#lib/delivery/limits.ts'
import { announced, filesStart, makeOffer, manifestOf, offerByManifest, withEntries } from '#lib/delivery/manifest.ts'
import { SottoError } from '#lib/errors.ts'
import { offered } from '../../support/file-events.ts'
import { flip } from '../../support/tamper.ts'

/** The entries of an offer of these files. */
function entriesOf(files: Readonly<Record<string, number>>) {
  const { kind } = offered(files)
  return kind?.$case === 'fileOffer' ? kind.value.entries : expect.fail('no offer')
}

const ENTRIES = entriesOf({ 'trip/a': 7, 'trip/b/c': 9, 'trip/empty/': 0 })

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
}

/** What becomes of an offer whose manifest is these bytes, and says so. */
function verdictOn(encoded: Uint8Array, changes: Partial<NonNullable<FileOffer['manifest']>> = {}): string {
  const sha256 = createHash('sha256').update(encoded).digest()
  const { manifest } = offerByManifest(ENTRIES)
  if (manifest === undefined) return expect.fail('no manifest')
  const offer = { entries: [], manifest: { ...manifest, size: encoded.length, sha256, ...changes } }
  return codeOf(() => withEntries(offer, encoded))
}

const encode = (offer: FileOffer) => FileOffer.encode(offer).finish()

describe('makeOffer', () => {
  it('lists in the event what there is room for, and takes a manifest for more', () => {
    expect(makeOffer(ENTRIES)).to.deep.equal({ entries: ENTRIES })
    const [entry] = entriesOf({ a: 1 })
    const many = Array.from({ length: Math.ceil(MAX_EVENT_BYTES / 40) }, (_, number) => ({
      ...(entry ?? expect.fail('no entry')),
      path: Buffer.from(`all/${number}`),
    }))
    const offer = makeOffer(many)
    expect(offer.manifest).to.include({ files: many.length, contentSize: BigInt(many.length) })
    expect(encode(announced(offer)).length).to.be.below(100)
    expect(() => checkFileOffer(announced(offer))).not.to.throw()
  })
})

describe('withEntries', () => {
  it('is undone by manifestOf and announced', () => {
    const offer = offerByManifest(ENTRIES)
    expect(filesStart(offer)).to.equal(manifestOf(offer).length)
    expect(withEntries(announced(offer), manifestOf(offer))).to.deep.equal(offer)
  })

  it('refuses a manifest with any byte changed, cut off anywhere, or with another behind it', () => {
    const offer = offerByManifest(ENTRIES)
    const encoded = Buffer.from(manifestOf(offer))
    const refused = (bytes: Uint8Array) => codeOf(() => withEntries(announced(offer), bytes))
    for (let at = 0; at < encoded.length; at += 1) {
      expect(refused(flip(encoded, at)), `${at}`).to.equal('ERR_FILE_DAMAGED')
      expect(refused(encoded.subarray(0, at)), `${at}`).to.equal('ERR_FILE_DAMAGED')
    }
    expect(refused(Buffer.concat([encoded, encoded]))).to.equal('ERR_FILE_DAMAGED')
  })

  it('refuses one that is as its hash says, and breaks a rule of offers', () => {
    const whole = encode({ entries: ENTRIES })
    expect(verdictOn(whole)).to.equal('none')
    const manifests = {
      nothing: new Uint8Array(0),
      'no protobuf': Buffer.from('ff'.repeat(9), 'hex'),
      'a manifest inside': encode({ entries: ENTRIES, manifest: offerByManifest(ENTRIES).manifest }),
      'a path that leads out': encode({
        entries: [...ENTRIES, ...entriesOf({ 'trip/x': 0 })].map((entry) => ({
          ...entry,
          path: Buffer.from('trip/../x'),
        })),
      }),
      'two roots': encode({ entries: [...ENTRIES, ...entriesOf({ 'other/x': 0 })] }),
      'another root': encode({ entries: entriesOf({ 'tour/a': 7, 'tour/b/c': 9, 'tour/empty/': 0 }) }),
      'a file more': encode({ entries: [...ENTRIES, ...entriesOf({ 'trip/z': 0 })] }),
      'a byte more': encode({ entries: entriesOf({ 'trip/a': 7, 'trip/b/c': 10, 'trip/empty/': 0 }) }),
    }
    for (const [what, encoded] of Object.entries(manifests)) {
      expect(verdictOn(encoded), what).to.equal('ERR_FILE_DAMAGED')
    }
    expect(verdictOn(whole, { files: 3 })).to.equal('ERR_FILE_DAMAGED')
    expect(verdictOn(whole, { contentSize: 15n })).to.equal('ERR_FILE_DAMAGED')
    expect(verdictOn(whole, { name: Buffer.from('tri') })).to.equal('ERR_FILE_DAMAGED')
  })
})

describe('checkFileOffer, of an offer with a manifest', () => {
  const { manifest = expect.fail('no manifest') } = offerByManifest(ENTRIES)
  const edges: readonly (readonly [string, Partial<typeof manifest>, string])[] = [
    ['the largest', { size: MAX_MANIFEST_BYTES }, 'none'],
    ['one over the largest', { size: MAX_MANIFEST_BYTES + 1 }, 'ERR_RECORD_MALFORMED'],
    ['one of nothing', { size: 0 }, 'ERR_RECORD_MALFORMED'],
    ['one without a hash', { sha256: Buffer.alloc(0) }, 'ERR_RECORD_MALFORMED'],
    ['one without a name', { name: Buffer.alloc(0) }, 'ERR_RECORD_MALFORMED'],
    ['one whose name leads out', { name: Buffer.from('..') }, 'ERR_RECORD_MALFORMED'],
    ['one whose name is a path', { name: Buffer.from('a/b') }, 'ERR_RECORD_MALFORMED'],
    ['more than can be counted', { contentSize: BigInt(Number.MAX_SAFE_INTEGER) }, 'ERR_RECORD_MALFORMED'],
  ]
  for (const [what, changes, code] of edges) {
    it(`${code === 'none' ? 'takes' : 'refuses'} ${what}`, () => {
      expect(codeOf(() => checkFileOffer({ entries: [], manifest: { ...manifest, ...changes } }))).to.equal(code)
    })
  }

  it('refuses entries beside it', () => {
    expect(codeOf(() => checkFileOffer({ entries: ENTRIES, manifest }))).to.equal('ERR_RECORD_MALFORMED')
  })
})
