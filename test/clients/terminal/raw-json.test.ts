import { expect } from 'chai'
import { rawField } from '../../../clients/terminal/raw-json.ts'

describe('rawField', () => {
  const ref = (json: string) => rawField(json, 'ref')?.text

  it('finds a value as it was written, wherever it stands', () => {
    for (const value of ['1', '-0.0e+5', '"a"', 'null', '[]', '{"b":1,"a":{"ref":2}}', '[1, {"x" : "]"}]']) {
      expect(ref(`{"ref":${value}}`)).to.equal(value)
      expect(ref(` {"text":"x" , "ref"\t:\r ${value} , "z":[{}]} `)).to.equal(value)
    }
  })

  it('is not led astray by what texts hold', () => {
    expect(ref(String.raw`{"text":"\",\"ref\":1","ref":"\\"}`)).to.equal(String.raw`"\\"`)
    expect(ref('{"text":{"ref":1},"a":["ref",2]}')).to.equal(undefined)
    expect(ref('{}')).to.equal(undefined)
  })

  it('reads names as JSON does, and takes the last of several', () => {
    expect(ref(String.raw`{"ref":1,"\u0072ef":2}`)).to.equal('2')
  })

  it('takes what is long, and what is deep', () => {
    const long = `"${'\\u0041'.repeat(1_000_000)}"`
    expect(ref(`{"text":${long},"ref":${long}}`)).to.equal(long)
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
    expect(ref(`{"ref":${deep},"text":"x"}`)).to.equal(deep)
  })
})
