import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { readVectors } from '../support/own-vectors.ts'
import { makeVectors } from './make.ts'

describe('makeVectors', () => {
  const made = makeVectors()
  const names = Object.keys(made) as (keyof typeof made)[]

  it('makes every file of this folder', () => {
    const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))
    expect(files.sort()).to.deep.equal(names.sort())
  })

  for (const name of names) {
    it(`makes ${name} as it lies here, with every key and no other`, () => {
      expect(readVectors(name)).to.deep.equal(made[name])
    })
  }
})
