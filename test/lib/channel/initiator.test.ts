import { expect } from 'chai'
import { codeOf } from '../../support/code-of.ts'
import { ALICE, accept, hello, sealedTicket } from '../../support/conversation.ts'
import { LOW_ORDER_KEYS } from '../../support/low-order-keys.ts'
import { keyPairOf, randomFrom, secretOf } from '../../support/random.ts'
import { insideLargerBuffer } from '../../support/tamper.ts'

describe('startConversation', () => {
  it('makes the same Hello of the same random bytes, and another of others', () => {
    expect(hello().hello).to.deep.equal(hello().hello)
    const another = hello({ random: randomFrom('another') }).hello
    expect(another.clear).to.not.deep.equal(hello().hello.clear)
    expect(another.noiseMessage).to.not.deep.equal(hello().hello.noiseMessage)
  })

  it('refuses to call itself, by name or by key', () => {
    expect(codeOf(() => hello({ grant: { receiverName: 'alice' } }))).to.equal('ERR_CHAT_WITH_SELF')
    expect(codeOf(() => hello({ grant: { receiverIdentityKey: ALICE.publicKey } }))).to.equal('ERR_CHAT_WITH_SELF')
  })

  it('refuses to call an identity key of low order', () => {
    for (const key of LOW_ORDER_KEYS) {
      expect(codeOf(() => hello({ grant: { receiverIdentityKey: key } }))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })
})

describe('StartedConversation', () => {
  it('completes with the Welcome of the receiver', () => {
    const started = hello()
    const { welcome, channel } = accept(started.hello)
    const alice = started.complete({
      kemCiphertext: insideLargerBuffer(welcome.kemCiphertext),
      noiseMessage: insideLargerBuffer(welcome.noiseMessage),
    })
    expect(alice.handshakeHash).to.deep.equal(channel.handshakeHash)
    expect(alice.exportSecret.equals(channel.exportSecret)).to.equal(true)
  })

  it('refuses a Welcome to another Hello', () => {
    const { welcome } = accept(hello({ random: randomFrom('another') }).hello)
    expect(codeOf(() => hello().complete(welcome))).to.equal('ERR_DECRYPT')
  })

  it('refuses a receiver who has the identity key but could not open the ticket', () => {
    // A thief of the key meets a Hello whose secret he does not know.
    const started = hello()
    const stolen = hello({ ticket: sealedTicket({ secret: secretOf('a guess') }) })
    const { welcome } = accept(stolen.hello)
    expect(codeOf(() => started.complete(welcome))).to.equal('ERR_DECRYPT')
    const ticket = sealedTicket({ secret: secretOf('a guess') })
    const misled = hello({ ticket, grant: { secret: secretOf('the secret') } })
    expect(codeOf(() => misled.complete(accept(misled.hello).welcome))).to.equal('ERR_DECRYPT')
  })

  it('refuses an ML-KEM ciphertext in place of another', () => {
    const started = hello()
    const { welcome } = accept(started.hello)
    const { kemCiphertext } = accept(started.hello).welcome
    expect(codeOf(() => started.complete({ ...welcome, kemCiphertext }))).to.equal('ERR_DECRYPT')
  })

  it('refuses an ephemeral key of low order', () => {
    for (const key of LOW_ORDER_KEYS) {
      const started = hello()
      const { welcome } = accept(started.hello)
      const noiseMessage = Buffer.concat([key, welcome.noiseMessage.subarray(32)])
      expect(codeOf(() => started.complete({ ...welcome, noiseMessage }))).to.equal('ERR_LOW_ORDER_KEY')
    }
  })

  it('takes one Welcome, and none after a bad one', () => {
    const started = hello()
    const { welcome } = accept(started.hello)
    const cut = { ...welcome, noiseMessage: welcome.noiseMessage.subarray(1) }
    expect(codeOf(() => started.complete(cut))).to.equal('ERR_HELLO_MALFORMED')
    expect(() => started.complete(welcome)).to.throw(TypeError)
  })

  it('gives nobody else the channel, whatever they know of the wire', () => {
    const started = hello()
    const { welcome } = accept(started.hello)
    const carol = hello({ identity: keyPairOf('identity of carol') })
    expect(codeOf(() => carol.complete(welcome))).to.equal('ERR_DECRYPT')
  })
})
