import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { expect } from 'chai'
import { parseInviteLink } from '#lib/invite-link.ts'
import { outcomeOf } from '../../support/deployment.ts'
import { environmentOf } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { SOTTO } from '../../support/programs.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const ROSTER = `name,display_name
alice,Alice Müller
bob,"<b>Bob</b> & ""O'Neill"""
`

describe('sotto admin import', () => {
  let auth: AuthUnderTest
  let folder: TemporaryFolder

  before(async () => {
    auth = await AuthUnderTest.start({ config: { names: ['chat.example'] } })
    folder = await temporaryFolder()
  })
  after(async () => {
    await auth[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  async function admin(args: readonly string[], input = '') {
    const options = { env: environmentOf(auth.folder.path), input, cwd: folder.path }
    await using running = new TestProcess(execPath, [SOTTO, 'admin', ...args], options)
    return await outcomeOf(running)
  }

  const linksIn = (page: string) =>
    [...page.matchAll(/<code>(sotto:[^<]*)<\/code>/g)].map(([, link = '']) => parseInviteLink(link))

  it('invites a class, with a slip for each that nothing in a name can break out of', async () => {
    await writeFile(join(folder.path, 'class.csv'), ROSTER)
    const imported = await admin(['import', 'class.csv', '--cohort', 'spring'])
    expect(imported.code, imported.errors).to.equal(0)
    const page = await readFile(join(folder.path, 'class.html'), 'utf8')
    expect((await stat(join(folder.path, 'class.html'))).mode & 0o777).to.equal(0o600)
    expect(page.match(/<section>/g)).to.have.length(2)
    expect(page.match(/<svg /g)).to.have.length(2)
    expect(page).to.include('&lt;b&gt;Bob&lt;/b&gt; &amp; &quot;O&#39;Neill&quot; (bob)').and.not.include('<b>')
    expect(page).not.to.match(/<script|https?:(?!\/\/www\.w3\.org\/2000\/svg")/)
    for (const { name = '', code, address } of linksIn(page)) {
      expect(address).to.equal(`chat.example:${auth.running.address.split(':')[1]}`)
      const request = { code: Buffer.from(code.reveal()), username: name, password: `${name}'s password` }
      await auth.connect().call.join(request)
      await auth.login(name)
    }
  })

  it('names what is wrong line by line, and does nothing by halves', async () => {
    const before = (await admin(['invites'])).output
    await writeFile(join(folder.path, 'next.csv'), 'name\ncarol\nalice\nDave\n')
    const read = await admin(['import', 'next.csv'])
    expect([read.code, read.errors.match(/line \d/g)]).to.deep.equal([2, ['line 4']])
    await writeFile(join(folder.path, 'next.csv'), 'name\ncarol\nalice\ndave\nbob\n')
    const taken = await admin(['import', 'next.csv'])
    expect([taken.code, taken.errors.match(/line \d/g)]).to.deep.equal([2, ['line 3', 'line 5']])
    await writeFile(join(folder.path, 'next.csv'), 'name\ncarol\n')
    for (const sheet of ['class.html', 'no/folder.html']) {
      const { code, errors } = await admin(['import', 'next.csv', '--sheet', sheet])
      expect([code, errors.includes('nobody was invited')], errors).to.deep.equal([2, true])
    }
    for (const args of [
      ['import', 'none.csv'],
      ['import', 'next.csv', '--cohort', 'A b'],
    ]) {
      expect((await admin(args)).code).to.equal(2)
    }
    expect((await admin(['invites'])).output).to.equal(before)
    expect(await readdir(folder.path)).to.have.members(['class.csv', 'class.html', 'next.csv'])
  })

  it('works in a pipe, and removes a cohort: accounts, sessions and what waits', async () => {
    const piped = await admin(['import', '-'], 'name,cohort\nerin,autumn\nfrank,autumn\n')
    expect(piped.code, piped.errors).to.equal(0)
    const [erin, frank] = linksIn(piped.output)
    const request = (code: Uint8Array = Buffer.alloc(0), username = '') =>
      auth.connect().call.join({ code: Buffer.from(code), username, password: 'a password of theirs' })
    await request(erin?.code.reveal(), 'erin')
    const { keys } = await auth.login('erin', { password: 'a password of theirs' })
    const removed = await admin(['remove-cohort', 'autumn'])
    expect([removed.code, removed.output]).to.deep.equal([0, 'erin\n'])
    expect(removed.errors).to.include('1 accounts, and 1 invites')
    const answers = [
      request(frank?.code.reveal(), 'frank'),
      auth.connect().call.logout({}, { bearer: keys.authBearer }),
    ]
    const codes = await Promise.all(
      answers.map((answer) =>
        answer.then(
          () => 'done',
          ({ code }) => code,
        ),
      ),
    )
    expect(codes).to.deep.equal(['ERR_INVITE_REFUSED', 'ERR_SESSION_ENDED'])
    const again = await admin(['remove-cohort', 'autumn'])
    expect([again.code, again.errors.includes('ERR_NO_SUCH_USER')]).to.deep.equal([5, true])
    expect((await admin(['list-users'])).output).to.equal('alice\nbob\n')
  })
})
