import { expect } from 'chai'
import { Gathering } from '#lib/gathering.ts'

describe('Gathering', () => {
  let asked: string[][]
  /** How those that were asked end, in order. */
  let answers: PromiseWithResolvers<void>[]
  let gathering: Gathering<string, string>

  beforeEach(() => {
    asked = []
    answers = []
    gathering = new Gathering({
      most: 3,
      async ask(questions) {
        asked.push([...questions])
        const answer = Promise.withResolvers<void>()
        answers.push(answer)
        await answer.promise
        return questions.map((question) => question.toUpperCase())
      },
    })
  })

  /** Let everything happen that waits for nothing. */
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  it('asks one that comes alone at the end of its turn', async () => {
    const answer = gathering.ask('a')
    await turn()
    expect(asked).to.deep.equal([['a']])
    answers[0]?.resolve()
    expect(await answer).to.equal('A')
  })

  it('asks together what comes in one turn, and what comes while others are being asked', async () => {
    const first = [gathering.ask('a'), gathering.ask('b')]
    await turn()
    const second = [gathering.ask('c')]
    await turn()
    second.push(gathering.ask('d'))
    expect(asked).to.deep.equal([['a', 'b']])
    answers[0]?.resolve()
    expect(await Promise.all(first)).to.deep.equal(['A', 'B'])
    answers[1]?.resolve()
    expect(await Promise.all(second)).to.deep.equal(['C', 'D'])
    expect(asked).to.deep.equal([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  it('asks no more together than it may', async () => {
    const all = Promise.all(['a', 'b', 'c', 'd'].map((question) => gathering.ask(question)))
    await turn()
    answers[0]?.resolve()
    await turn()
    answers[1]?.resolve()
    expect(await all).to.deep.equal(['A', 'B', 'C', 'D'])
    expect(asked).to.deep.equal([['a', 'b', 'c'], ['d']])
  })

  it('fails those that wait behind a failure at once, and asks the next anew', async () => {
    const first = gathering.ask('a')
    await turn()
    const second = gathering.ask('b')
    const failure = new Error('nobody answers')
    answers[0]?.reject(failure)
    expect(await Promise.allSettled([first, second])).to.deep.equal([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ])
    const third = gathering.ask('c')
    await turn()
    answers[1]?.resolve()
    expect(await third).to.equal('C')
    expect(asked).to.deep.equal([['a'], ['c']])
  })
})
