import { expect } from 'chai'
import type { ListUsersResponse, User } from '#gen/sotto/directory/v1/directory_service.ts'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { listPeople, type Person } from '../../../clients/session/roster.ts'
import { rejection } from '../../support/rejection.ts'

const user = (username: string, changes: Partial<User> = {}): User => {
  return { username, displayName: '', presence: Presence.OFFLINE, ...changes }
}

/** List what a directory answers, page after page. */
async function listed(pages: readonly ListUsersResponse[], prefix = ''): Promise<Person[]> {
  const left = [...pages]
  const people: Person[] = []
  const answer = async () => left.shift() ?? { users: [], nextPageToken: '' }
  for await (const page of listPeople(answer, prefix)) people.push(...page)
  return people
}

describe('listPeople', () => {
  it('follows the pages to the last', async () => {
    const first = { users: [user('alice', { presence: Presence.ONLINE })], nextPageToken: 'alice' }
    const people = await listed([first, { users: [user('bob', { displayName: 'Bob' })], nextPageToken: '' }])
    expect(people).to.deep.equal([
      { name: 'alice', displayName: '', isOnline: true },
      { name: 'bob', displayName: 'Bob', isOnline: false },
    ])
  })

  it('takes a presence that it does not know for offline', async () => {
    const people = await listed([{ users: [user('bob', { presence: 7 as Presence })], nextPageToken: '' }])
    expect(people.map(({ isOnline }) => isOnline)).to.deep.equal([false])
  })

  it('believes no answer that could go on for ever, or that the contract does not allow', async () => {
    const lies: ListUsersResponse[][] = [
      [{ users: [user('bob'), user('alice')], nextPageToken: '' }],
      [{ users: [user('bob'), user('bob')], nextPageToken: '' }],
      [{ users: [], nextPageToken: 'bob' }],
      [
        { users: [user('bob')], nextPageToken: 'bob' },
        { users: [user('bob')], nextPageToken: '' },
      ],
      [{ users: [user('Bob\u001b[2J')], nextPageToken: '' }],
      [{ users: [user('bob', { displayName: 'x'.repeat(65) })], nextPageToken: '' }],
    ]
    for (const lie of lies) expect((await rejection(listed(lie))).code).to.equal('ERR_UNAVAILABLE')
    const other = [{ users: [user('carol')], nextPageToken: '' }]
    expect((await rejection(listed(other, 'bo'))).code).to.equal('ERR_UNAVAILABLE')
  })
})
