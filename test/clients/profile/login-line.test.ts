import { expect } from 'chai'
import { forProfile } from '../../../clients/profile/login-line.ts'

describe('forProfile', () => {
  it('has every command be about the profile, and leaves the default one out', () => {
    const hint = 'ask them; then sotto verify bob, or sotto trust bob'
    expect(forProfile(hint, 'work')).to.equal(
      'ask them; then sotto verify --profile work bob, or sotto trust --profile work bob',
    )
    expect(forProfile(hint, 'default')).to.equal(hint)
  })

  it('leaves a command that names one, and what the other side is to type', () => {
    for (const text of ['again with: sotto login bob --profile work', 'then they type: sotto trust YOUR-NAME']) {
      expect(forProfile(text, 'work')).to.equal(text)
    }
  })
})
