import { expect } from 'chai'
import { encode } from 'uqr'
import { qrCodeRows } from '#lib/trust/qr-code.ts'

const TEXT = `SOTTO1:${'0123456789ABCDEF'.repeat(16)}`
const QUIET_ZONE = 4

/** The modules that rows show: true where a character's half is drawn. */
function modulesOf(rows: readonly string[]): boolean[][] {
  return rows.flatMap((row) => [
    Array.from(row, (character) => '▀█'.includes(character)),
    Array.from(row, (character) => '▄█'.includes(character)),
  ])
}

describe('qrCodeRows', () => {
  const { data, size } = encode(TEXT, { ecc: 'L', border: QUIET_ZONE })

  it('draws every module, black on white, between colours that each row sets and resets', () => {
    const rows = qrCodeRows(TEXT, { inColour: true })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what this is about.
    const bare = rows.map((row) => /^\u001b\[38;5;16;48;5;231m([ ▀▄█]+)\u001b\[m$/.exec(row)?.[1] ?? '')
    expect(modulesOf(bare).slice(0, size)).to.deep.equal(data)
  })

  it('draws the light modules where there is no colour', () => {
    const modules = modulesOf(qrCodeRows(TEXT, { inColour: false })).slice(0, size)
    expect(modules.map((row) => row.map((isLight) => !isLight))).to.deep.equal(data)
  })

  it('keeps a quiet zone on every side, the half row at the bottom too', () => {
    const modules = modulesOf(qrCodeRows(TEXT, { inColour: false }))
    expect(modules).to.have.lengthOf(size + 1)
    const isLight = (module: boolean): boolean => module
    for (const row of [...modules.slice(0, QUIET_ZONE), ...modules.slice(-QUIET_ZONE)])
      expect(row.every(isLight)).to.be.true
    for (const row of modules) {
      expect(row.slice(0, QUIET_ZONE).every(isLight)).to.be.true
      expect(row.slice(-QUIET_ZONE).every(isLight)).to.be.true
    }
  })

  it('fits a safety number in 57 columns and 29 rows', () => {
    const rows = qrCodeRows(TEXT, { inColour: false })
    expect(rows).to.have.lengthOf(29)
    expect(new Set(rows.map((row) => row.length))).to.deep.equal(new Set([57]))
  })
})
