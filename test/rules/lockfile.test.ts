import { readFileSync } from 'node:fs'
import { expect } from 'chai'

interface LockedPackage {
  readonly optionalDependencies?: Record<string, string>
  readonly resolved?: string
  readonly integrity?: string
}

/** A lock can pass `npm install` and fail `npm ci` when a package's platform builds were not all to be had. */
describe('package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, LockedPackage>
  }

  it('locks every optional dependency of every package, for all platforms', () => {
    const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')))
    const unlocked = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {})
        .filter((name) => !names.has(name))
        .map((name) => `${name}, which ${path || 'the project'} names`),
    )
    expect(unlocked).to.deep.equal([])
  })

  it('names no registry, so that whoever installs uses his own', () => {
    const resolved = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)
    expect(resolved.map(([path]) => path)).to.deep.equal([])
  })

  it('has the hash of every package', () => {
    const unhashed = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined)
    expect(unhashed.map(([path]) => path)).to.deep.equal([])
  })
})
