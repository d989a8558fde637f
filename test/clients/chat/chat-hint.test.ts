import { expect } from 'chai'
import { chatHint } from '../../../clients/chat/chat-hint.ts'

describe('chatHint', () => {
  it('names what is to be typed in the chat', () => {
    expect(chatHint('let them again with: sotto unblock bob', 'alice', 'default')).to.equal(
      'let them again with: /unblock bob',
    )
    expect(chatHint('then sotto verify b.b, or sotto trust b.b', 'alice', 'default')).to.equal(
      'then /verify b.b, or /trust b.b',
    )
    expect(chatHint('drop it: sotto undeliverable', 'alice', 'default')).to.equal('drop it: /undeliverable')
    expect(chatHint('sotto receipts on', 'alice', 'default')).to.equal('/receipts on')
  })

  it('leaves what the other side is to type, and says under which name', () => {
    expect(chatHint('then they type: sotto trust YOUR-NAME', 'alice', 'default')).to.equal(
      'then they type: sotto trust alice',
    )
  })

  it('leaves what a chat has no command for', () => {
    for (const hint of ['check the disk', 'sotto files shows them', 'sotto login', 'sotto verify']) {
      expect(chatHint(hint, 'alice', 'default')).to.equal(hint)
    }
  })

  it('names the profile in what is typed in a shell', () => {
    expect(chatHint('sotto files shows them; sotto verify bob', 'alice', 'work')).to.equal(
      'sotto files --profile work shows them; /verify bob',
    )
  })
})
