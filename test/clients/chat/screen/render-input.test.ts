import { expect } from 'chai'
import fc from 'fast-check'
import { renderInput } from '../../../../clients/chat/screen/render-input.ts'
import { clusterAround, columnsOf } from '../../../../clients/terminal/cluster.ts'
import { assertProperty } from '../../../support/property.ts'

const PLENTY = 1_000

describe('renderInput', () => {
  it('shows prompt and line, with the cursor behind what is before it', () => {
    expect(renderInput({ prompt: 'bob> ', line: 'hello', cursor: 2 }, 20, PLENTY)).to.deep.equal({
      rows: ['bob> hello'],
      cursorRow: 0,
      beforeCursor: 'bob> he',
    })
  })

  it('goes on in the next row', () => {
    expect(renderInput({ prompt: '> ', line: 'abcdefgh', cursor: 8 }, 5, PLENTY)).to.deep.equal({
      rows: ['> abc', 'defgh'],
      cursorRow: 1,
      beforeCursor: 'defgh',
    })
  })

  it('shows the rows around the cursor where not all have room', () => {
    const line = 'aaabbbbbcccccddddd'
    const rowsAt = (cursor: number) => renderInput({ prompt: '> ', line, cursor }, 5, 2)
    expect(rowsAt(0)).to.deep.equal({ rows: ['> aaa', 'bbbbb'], cursorRow: 0, beforeCursor: '> ' })
    expect(rowsAt(10)).to.deep.equal({ rows: ['bbbbb', 'ccccc'], cursorRow: 1, beforeCursor: 'cc' })
    expect(rowsAt(18)).to.deep.equal({ rows: ['ccccc', 'ddddd'], cursorRow: 1, beforeCursor: 'ddddd' })
  })

  it('keeps wide characters whole', () => {
    expect(renderInput({ prompt: '> ', line: '漢字漢', cursor: 2 }, 5, PLENTY)).to.deep.equal({
      rows: ['> 漢', '字漢'],
      cursorRow: 1,
      beforeCursor: '字',
    })
  })

  it('shows a cursor inside an emoji before it', () => {
    expect(renderInput({ prompt: '> ', line: 'a👨‍👩‍👧b', cursor: 3 }, 20, PLENTY).beforeCursor).to.equal('> a')
  })

  it('shows control characters as escapes', () => {
    expect(renderInput({ prompt: '> ', line: 'a\u001b[2Jb\u202e', cursor: 2 }, 30, PLENTY)).to.deep.equal({
      rows: ['> a\\e[2Jb\\u{202e}'],
      cursorRow: 0,
      beforeCursor: '> a\\e',
    })
  })

  it('has the cursor in sight and no row too wide, whatever the line', () => {
    const lines = fc.string({ unit: 'grapheme', maxLength: 200 })
    const sizes = fc.tuple(fc.integer({ min: 10, max: 60 }), fc.integer({ min: 1, max: 5 }))
    assertProperty(
      fc.property(lines, fc.double({ min: 0, max: 1, noNaN: true }), sizes, (line, share, [columns, maxRows]) => {
        const place = Math.floor(share * line.length)
        const cursor = place < line.length ? clusterAround(line, place).start : place
        const { rows, cursorRow, beforeCursor } = renderInput({ prompt: 'bob> ', line, cursor }, columns, maxRows)
        expect(rows).to.have.length.within(1, maxRows)
        expect(rows[cursorRow]?.startsWith(beforeCursor)).to.equal(true)
        for (const row of rows) expect(columnsOf(row)).to.be.at.most(columns + 1)
      }),
    )
  })

  it('shows a line of 1 MiB as quickly as any', () => {
    const line = 'ab '.repeat(2 ** 20 / 3)
    const began = performance.now()
    for (const cursor of [0, line.length / 2, line.length]) renderInput({ prompt: '> ', line, cursor }, 80, 20)
    expect(performance.now() - began).to.be.below(1_000)
  })
})
