import { expect } from 'chai'
import { typedPath } from '../../../../clients/files/offer/typed-path.ts'

describe('typedPath', () => {
  const meant = (text: string) => typedPath(text, '/home/alice')

  it('takes a path as it stands, with its spaces', () => {
    for (const path of ['/tmp/a b  c.pdf', 'a', '../x', "it's", 'a"b', '~bob/x', 'a~'])
      expect(meant(path)).to.equal(path)
  })

  it('knows one’s home', () => {
    expect(meant('~')).to.equal('/home/alice')
    expect(meant('~/my file')).to.equal('/home/alice/my file')
    expect(meant('\\~/x')).to.equal('~/x')
  })

  it('takes away what terminals put around a path that is dragged into them', () => {
    expect(meant("'/tmp/a b'")).to.equal('/tmp/a b')
    expect(meant('"/tmp/a b"')).to.equal('/tmp/a b')
    expect(meant('/tmp/a\\ b\\(1\\)')).to.equal('/tmp/a b(1)')
    expect(meant('\\"a\\"')).to.equal('"a"')
  })
})
