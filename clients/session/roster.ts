/**
 * The people who have an account, as the directory lists them: page by page, each checked before it is believed.
 *
 * A display name is for eyes alone. Nobody is found, written to or trusted by one.
 *
 * @module
 */
import type { ListUsersRequest, ListUsersResponse } from '#gen/sotto/directory/v1/directory_service.ts'
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { MAX_DISPLAY_NAME_CHARACTERS } from '#lib/display-name.ts'
import { SottoError } from '#lib/errors.ts'
import { MAX_LISTED_USERS } from '#lib/protocol.ts'
import { USERNAME } from '#lib/validation.ts'

export interface Person {
  readonly name: string
  /** At most 64 characters; empty for none. Of the host's making, and to be escaped wherever it is shown. */
  readonly displayName: string
  readonly isOnline: boolean
}

/**
 * List people by name, a page at a time.
 *
 * @param ask - Asks the directory for a page.
 * @param prefix - Of their names; empty for all.
 * @throws SottoError what `ask` throws; `ERR_UNAVAILABLE` if an answer breaks its contract, such as by names that do not
 *   come in their order: so that a list ends.
 */
export async function* listPeople(
  ask: (request: ListUsersRequest) => Promise<ListUsersResponse>,
  prefix: string,
): AsyncGenerator<readonly Person[], void, void> {
  let pageToken = ''
  let last = ''
  do {
    const { users, nextPageToken } = await ask({ prefix, pageSize: MAX_LISTED_USERS, pageToken })
    const people = users.map(({ username, displayName, presence }) => {
      expect(USERNAME.test(username) && username.startsWith(prefix) && username > last, 'users.username')
      expect([...displayName].length <= MAX_DISPLAY_NAME_CHARACTERS, 'users.display_name')
      last = username
      return { name: username, displayName, isOnline: presence === Presence.ONLINE }
    })
    expect(nextPageToken === '' || people.length > 0, 'next_page_token')
    yield people
    pageToken = nextPageToken
  } while (pageToken !== '')
}

function expect(condition: boolean, field: string): asserts condition {
  if (condition) return
  throw new SottoError('ERR_UNAVAILABLE', `the answer of the directory breaks its contract in ${field}`, {
    hint: 'whoever runs the server has to look: both ends need the same version of sotto',
  })
}
