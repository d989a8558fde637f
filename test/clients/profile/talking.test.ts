import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import { Profile } from '../../../clients/profile/profile.ts'
import {
  type Answers,
  answerTalking,
  isTalkedWith,
  postThroughOwner,
  routesTo,
} from '../../../clients/profile/talking.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'

const ANSWERS: Answers = { routeTo: () => 'direct', post: async () => true }

describe('isTalkedWith', () => {
  let home: TemporaryFolder
  let profile: Profile
  let path: string
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
    path = join(profile.storage.folder, 'messenger.sock')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  it('is what the owner of the conversations says', async () => {
    const routes = new Map<string, Route>([
      ['bob', 'direct'],
      ['dave', 'relay'],
    ])
    const end = answerTalking(profile, { ...ANSWERS, routeTo: (name) => routes.get(name) })
    expect(await isTalkedWith(profile, 'bob')).to.equal(true)
    expect(await isTalkedWith(profile, 'dave')).to.equal(true)
    expect(await routesTo(profile, ['bob', 'carol', 'dave'])).to.deep.equal(routes)
    expect(await isTalkedWith(profile, 'carol')).to.equal(false)
    await end()
    expect(await isTalkedWith(profile, 'bob')).to.equal(false)
  })

  it('is no where nobody answers, or with something else', async () => {
    expect(await isTalkedWith(profile, 'bob')).to.equal(false)
    expect(await routesTo(profile, ['bob'])).to.deep.equal(new Map())
    const silent = createServer(() => {}).listen(path)
    await once(silent, 'listening')
    expect(await isTalkedWith(profile, 'bob')).to.equal(false)
    silent.close()
    const other = createServer((socket) => socket.end('1 or so')).listen(path)
    await once(other, 'listening')
    expect(await isTalkedWith(profile, 'bob')).to.equal(false)
    other.close()
  })

  it('is answered by an owner who follows one that was killed', async () => {
    await writeFile(path, '')
    const end = answerTalking(profile, ANSWERS)
    expect(await isTalkedWith(profile, 'bob')).to.equal(true)
    await end()
  })

  for (const question of ['\n', '@\n', '@../bob\n', '../bob\n', 'x'.repeat(10_000)]) {
    it(`is no to a question that is none: ${question.slice(0, 8)}`, async () => {
      const end = answerTalking(profile, ANSWERS)
      const socket = connect(path)
      socket.on('error', () => {})
      socket.write(question)
      const [answer] = await once(socket, 'data')
      expect(String(answer)).to.equal('0')
      socket.destroy()
      await end()
    })
  }
})

describe('postThroughOwner', () => {
  const { signal } = new AbortController()
  let home: TemporaryFolder
  let profile: Profile
  beforeEach(async () => {
    home = await temporaryFolder()
    profile = await Profile.openOrCreate(home.path, 'alice')
  })
  afterEach(() => home[Symbol.asyncDispose]())

  it('is what the owner of the conversations could do', async () => {
    const asked: string[] = []
    const end = answerTalking(profile, {
      ...ANSWERS,
      post: async (name) => {
        asked.push(name)
        if (name === 'dave') throw new SottoError('ERR_BUSY', 'there’s no room', { hint: 'wait' })
        if (name === 'erin') throw new Error('a fault')
        return name === 'bob'
      },
    })
    expect(await postThroughOwner(profile, 'bob', signal)).to.equal(true)
    expect(await postThroughOwner(profile, 'carol', signal)).to.equal(false)
    const error = await rejection(postThroughOwner(profile, 'dave', signal))
    expect(error).to.include({ code: 'ERR_BUSY', message: 'there’s no room', hint: 'wait' })
    expect((await rejection(postThroughOwner(profile, 'erin', signal))).code).to.equal('ERR_INTERNAL')
    expect(asked).to.deep.equal(['bob', 'carol', 'dave', 'erin'])
    await end()
    expect(await postThroughOwner(profile, 'bob', signal)).to.equal(undefined)
  })

  for (const answer of [
    '',
    '0',
    '1',
    '33',
    '0{',
    '0null',
    '0{"code":"ERR_OF_NONE","message":""}',
    '0{"code":"ERR_BUSY"}',
  ]) {
    it(`is nobody’s answer where that is none: ${answer}`, async () => {
      const other = createServer((socket) => socket.end(answer)).listen(join(profile.storage.folder, 'messenger.sock'))
      await once(other, 'listening')
      expect(await postThroughOwner(profile, 'bob', signal)).to.equal(undefined)
      other.close()
    })
  }

  it('is done before the owner ends, or left to the next one', async () => {
    const asked = Promise.withResolvers<void>()
    const posted = Promise.withResolvers<boolean>()
    const end = answerTalking(profile, {
      ...ANSWERS,
      post: async (name) => {
        if (name === 'carol') asked.resolve()
        return await posted.promise
      },
    })
    const answers = [postThroughOwner(profile, 'bob', signal), postThroughOwner(profile, 'carol', signal)]
    await asked.promise
    let isOver = false
    const ended = end().then(() => {
      isOver = true
    })
    expect(await postThroughOwner(profile, 'bob', signal)).to.equal(undefined)
    expect(isOver).to.equal(false)
    posted.resolve(true)
    await ended
    expect(await Promise.all(answers)).to.deep.equal([true, true])
  })

  it('is nobody’s answer where the owner ends before it can', async () => {
    const asked = Promise.withResolvers<void>()
    const failing = Promise.withResolvers<boolean>()
    const end = answerTalking(profile, {
      ...ANSWERS,
      post: (): Promise<boolean> => {
        asked.resolve()
        return failing.promise
      },
    })
    const answer = postThroughOwner(profile, 'bob', signal)
    await asked.promise
    const ended = end()
    failing.reject(new Error('it was given up'))
    await ended
    expect(await answer).to.equal(undefined)
  })
})
