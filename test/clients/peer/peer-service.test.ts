import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { PeerServiceService } from '#gen/sotto/peer/v1/peer_service.ts'
import { PeerService } from '../../../clients/peer/peer-service.ts'

const generated = PeerServiceService.converse
const own = PeerService.converse

describe('PeerService', () => {
  const lengths = [0, 1, 127, 128, 16_383, 16_384, 65_535]

  it('encodes and decodes records as the generated code does', () => {
    for (const length of lengths) {
      const value = { message: { $case: 'record' as const, value: randomBytes(length) } }
      const encoded = generated.requestSerialize(value)
      expect(own.requestSerialize(value).equals(encoded)).to.equal(true)
      expect(own.responseSerialize(value).equals(encoded)).to.equal(true)
      expect(own.requestDeserialize(encoded)).to.deep.equal(generated.requestDeserialize(encoded))
      expect(own.responseDeserialize(encoded)).to.deep.equal(generated.responseDeserialize(encoded))
    }
  })

  it('reads whatever else comes as the generated code does', () => {
    const record = generated.requestSerialize({ message: { $case: 'record', value: randomBytes(200) } })
    const whole = [Buffer.alloc(0), Buffer.concat([record, record]), Buffer.concat([record, Buffer.from([0x78, 1])])]
    for (const encoded of whole) {
      expect(own.requestDeserialize(encoded)).to.deep.equal(generated.requestDeserialize(encoded))
      expect(own.responseDeserialize(encoded)).to.deep.equal(generated.responseDeserialize(encoded))
    }
    for (let length = 1; length < record.length; length += 1) {
      const cut = record.subarray(0, length)
      expect(() => own.requestDeserialize(cut), `cut to ${length}`).to.throw()
      expect(() => own.responseDeserialize(cut), `cut to ${length}`).to.throw()
    }
    expect(() => own.requestDeserialize(Buffer.from([18, 255, 255, 255, 255, 255, 255, 255]))).to.throw()
  })
})
