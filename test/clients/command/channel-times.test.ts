import { expect } from 'chai'
import { CHANNEL_TIMES } from '#lib/channel/channel-times.ts'
import { parseChannelTimes } from '../../../clients/command/channel-times.ts'
import { codeOf } from '../../support/code-of.ts'

describe('SOTTO_CHANNEL_TIMES', () => {
  it('shortens what it names, in seconds, and leaves the rest', () => {
    const times = parseChannelTimes('renew-every=5, ping-after=0.5')
    expect(times).to.deep.equal({ renewEveryMs: 5_000, pingAfterMs: 500 })
    for (const nothing of [undefined, '']) expect(parseChannelTimes(nothing)).to.deep.equal({})
  })

  it('knows every duration, and lets none be longer than the protocol’s', () => {
    const names = ['renew-every', 'renew-within', 'renew-retry', 'ping-after', 'silence-limit', 'answer-within']
    const longest = names.map((name, index) => `${name}=${(Object.values(CHANNEL_TIMES)[index] ?? 0) / 1_000}`)
    expect(parseChannelTimes(longest.join(','))).to.deep.equal(CHANNEL_TIMES)
    for (const part of longest) expect(codeOf(() => parseChannelTimes(`${part}.001`))).to.equal('ERR_CONFIG')
  })

  it('refuses other names, and what is no duration', () => {
    for (const text of [
      'renew=5',
      'renew-every',
      'renew-every=',
      'renew-every=soon',
      'ping-after=0',
      'ping-after=-1',
    ]) {
      expect(
        codeOf(() => parseChannelTimes(text)),
        text,
      ).to.equal('ERR_CONFIG')
    }
    expect(codeOf(() => parseChannelTimes('constructor=5'))).to.equal('ERR_CONFIG')
  })
})
