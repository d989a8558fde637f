import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: 'esnext',
    lib: ['esnext'],
    module: 'nodenext',
    types: [],
    strict: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
})

/** What the check says of a project that has these files: a member a line, or nothing. */
function judge(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'sotto-members-'))
  try {
    for (const [path, source] of Object.entries({ 'tsconfig.json': TSCONFIG, ...files })) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      writeFileSync(join(root, path), source)
    }
    const { stdout, status } = spawnSync(process.execPath, ['scripts/unused-members.ts', root], { encoding: 'utf8' })
    const found = stdout.split('\n').filter((line) => line !== '')
    expect(status).to.equal(found.length > 0 ? 1 : 0)
    return found.map((line) => line.replace(' is used by no source', ''))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe('unused class members', () => {
  it('are named, of whatever kind, with their place', () => {
    const source = `export class Box {
      readonly field = 1
      get getter(): number { return 1 }
      set setter(value: number) {}
      method(): void {}
      static create(): Box { return new Box() }
    }`
    expect(judge({ 'lib/box.ts': source })).to.deep.equal([
      'lib/box.ts:2 Box.field',
      'lib/box.ts:3 Box.getter',
      'lib/box.ts:4 Box.setter',
      'lib/box.ts:5 Box.method',
      'lib/box.ts:6 Box.create',
    ])
  })

  it('are what is only set, what only calls itself, and what only shares a name with what is used', () => {
    const source = `export class Box {
      last: number | undefined
      fill(): void { this.last = 1; this.fill() }
      close(): void {}
    }
    export class Door { readonly lock = 1; close(): void {} }
    const door = new Door()
    if (door.lock) door.close()`
    expect(judge({ 'lib/box.ts': source })).to.deep.equal([
      'lib/box.ts:2 Box.last',
      'lib/box.ts:3 Box.fill',
      'lib/box.ts:4 Box.close',
    ])
  })

  it('are what only tests use, unless the name says that they may', () => {
    const box = 'export class Box {\n  open(): void {}\n  openForTest(): void {}\n}'
    const test = `import { Box } from '../lib/box.ts'\nnew Box().open()\nnew Box().openForTest()`
    const files = { 'lib/box.ts': box, 'test/box.test.ts': test, 'test/bench/box.ts': test.replace('..', '../..') }
    expect(judge(files)).to.deep.equal(['lib/box.ts:2 Box.open'])
  })

  it('are not those that other source reads, sets or takes out', () => {
    const box = `export class Box {
      readonly field = 1
      readonly taken = 1
      readonly renamed = 1
      readonly keyed = 1
      readonly own = 1
      get getter(): number { const { own } = this; return own }
      set setter(value: number) {}
      method(): void {}
      toString(): string { return 'box' }
      static create(): Box { return new Box() }
    }
    export class Larger extends Box {}`
    const user = `import { Box, Larger } from '../lib/box.ts'
    const box = Box.create()
    const { taken, renamed: other } = new Larger()
    box.setter = [box.field, box.getter, taken, other, box['keyed']].length
    const maybe: Box | undefined = box
    maybe?.method()`
    expect(judge({ 'lib/box.ts': box, 'clients/user.ts': user })).to.deep.equal([])
  })

  it('are not those that are used through an interface, named or not, a picked type or a base class', () => {
    const source = `interface Closable { close(): void }
    interface Readable { read(): number }
    class Named implements Closable { close(): void {} }
    class Unnamed { read(): number { return 1 } }
    class Picked { readonly size = 1; readonly rest = 1 }
    abstract class Base { abstract draw(): void }
    class Derived extends Base { override draw(): void {} }
    export function use(one: Closable, two: Readable, three: Pick<Picked, 'size'>, four: Base): number {
      one.close()
      four.draw()
      return two.read() + three.size
    }
    export const all = [new Named(), new Unnamed(), new Picked(), new Derived()]`
    expect(judge({ 'lib/shapes.ts': source })).to.deep.equal(['lib/shapes.ts:5 Picked.rest'])
  })

  it('are not those that an interface or a class of a library asks for', () => {
    const source = `export class Numbers implements Iterator<number> {
      next(): IteratorResult<number> { return { done: true, value: undefined } }
      [Symbol.iterator](): this { return this }
      rest(): void {}
    }
    export class Failure extends Error { override name = 'Failure' }`
    expect(judge({ 'lib/numbers.ts': source })).to.deep.equal(['lib/numbers.ts:4 Numbers.rest'])
  })
})
