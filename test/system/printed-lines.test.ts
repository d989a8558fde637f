/** What a receiver prints to be typed does what it says, typed as it is printed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { outcomeOf } from '../support/deployment.ts'
import { environmentOf, ROOT } from '../support/environment.ts'
import { Installation } from '../support/installation.ts'
import { TestProcess } from '../support/processes.ts'

describe('what a receiver prints to be typed', function () {
  this.timeout(20_000)

  it('takes the file that is offered', async () => {
    await using installation = await Installation.start('alice', 'bob')
    const home = installation.home.path
    const path = join(home, 'film')
    await writeFile(path, 'a film')
    await using bob = await installation.receive('bob')
    await using alice = installation.send('alice', 'bob', 'see:', { files: [path] })
    await bob.errors.until((text) => text.includes('to take it: '))
    const [, line = ''] = /to take it: (sotto .*)\n/.exec(bob.errors.text) ?? []
    const script = `sotto() { "${process.execPath}" "${join(ROOT, 'bin', 'sotto.js')}" "$@"; }; ${line}`
    const env = environmentOf(home, { HOME: home })
    expect(await outcomeOf(new TestProcess('bash', ['-c', script], { env }))).to.include({ code: 0 })
    await alice.done
  })
})
