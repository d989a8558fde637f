import { expect } from 'chai'
import { leftInMailbox } from '../../../clients/sender/unacknowledged.ts'

describe('the notice of what lies in a mailbox', () => {
  it('speaks of one message as of one, and of several as of several', () => {
    expect(leftInMailbox('bob', 1)).to.equal(
      'bob is away: one message is in their mailbox, for 14 days at most, and stays here until they have it',
    )
    expect(leftInMailbox('bob', 2000)).to.equal(
      'bob is away: 2000 messages are in their mailbox, for 14 days at most, and stay here until they have them',
    )
  })
})
