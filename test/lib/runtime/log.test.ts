import { createSecretKey } from 'node:crypto'
import { expect } from 'chai'
import { SottoError } from '#lib/errors.ts'
import { Secret } from '#lib/secret.ts'
import { testLog } from '../../support/test-log.ts'

/** Recognisable whatever it is encoded as: no two bytes are alike. */
const KEY = Uint8Array.from({ length: 32 }, (_, index) => 0xa1 + index * 2)

/** Every way in which bytes could end up in a line. */
const SIGHTINGS = [
  Buffer.from(KEY).toString('latin1'),
  Buffer.from(KEY).toString('hex'),
  Buffer.from(KEY).toString('base64').slice(0, 40),
  Buffer.from(KEY).toString('base64url').slice(0, 40),
  '161,163,165',
  '161, 163, 165',
  '"0":161',
  '"data":[161',
]

function expectNoKey(text: string): void {
  for (const sighting of SIGHTINGS) {
    expect(text).to.not.include(sighting)
    expect(text.toLowerCase()).to.not.include(sighting.toLowerCase())
  }
}

class Holder {
  readonly key = KEY
  readonly nested = { deeper: [{ psk: KEY }] }
}

const HIDING_PLACES: Record<string, () => unknown> = {
  'a Secret': () => Secret.of(KEY),
  'a Uint8Array': () => KEY,
  'a Buffer': () => Buffer.from(KEY),
  'an ArrayBuffer': () => KEY.slice().buffer,
  'a DataView': () => new DataView(KEY.slice().buffer),
  'a KeyObject': () => createSecretKey(KEY),
  'an object': () => ({ a: { b: { key: KEY } } }),
  'an instance of a class': () => new Holder(),
  'a list': () => [[KEY], [Secret.of(KEY)]],
  'a map': () => new Map([['key', KEY]]),
  'a map whose keys are keys': () => new Map([[KEY, 1]]),
  'a set': () => new Set([KEY]),
  'what toJSON gives': () => ({ toJSON: () => ({ key: KEY }) }),
  "an error's cause": () => new Error('outer', { cause: { key: KEY } }),
  "an error's own property": () => Object.assign(new Error('outer'), { metadata: { key: KEY } }),
  "a SottoError's cause": () => new SottoError('ERR_STORE', 'outer', { cause: new Holder() }),
  'a string under the name of a secret': () => ({ password: Buffer.from(KEY).toString('hex') }),
  'a string under authorization': () => ({ metadata: { authorization: Buffer.from(KEY).toString('base64url') } }),
  'the end of a chain deeper than is shown': () => ({ a: { b: { c: { d: { e: { f: { g: KEY } } } } } } }),
}

describe('createLogger', () => {
  it('writes one JSON object a line, with level, time, name and fields', () => {
    const { log, text, lines } = testLog()
    log.info({ peer: '192.0.2.1', durationMs: 1.5 }, 'call')
    expect(text().split('\n')).to.have.lengthOf(2)
    const [line] = lines()
    expect(line).to.include({ level: 'info', name: 'test', msg: 'call', peer: '192.0.2.1', durationMs: 1.5 })
    expect(Date.parse(line?.['time'] as string)).to.be.a('number').and.not.NaN
  })

  it('keeps quiet below its level, and altogether when silent', () => {
    const quiet = testLog('warn')
    quiet.log.info('not this')
    quiet.log.warn('this')
    expect(quiet.lines()).to.have.lengthOf(1)
    const silent = testLog('silent')
    silent.log.fatal('not this')
    expect(silent.lines()).to.have.lengthOf(0)
  })

  it('shows an error with its code, its causes and where it came from', () => {
    const { log, lines } = testLog()
    const error = new SottoError('ERR_STORE', 'outer', { cause: new TypeError('inner') })
    log.error({ err: error }, 'failed')
    log.error(error, 'failed')
    for (const line of lines()) {
      expect(line).to.have.nested.property('err.code', 'ERR_STORE')
      expect(line).to.have.nested.property('err.cause.message', 'inner')
      expect(line).to.have.nested.property('err.stack').that.includes('log.test.ts')
    }
  })

  it('does not mind what has no end', () => {
    const { log, lines } = testLog()
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    const cause = new Error('circular')
    cause.cause = cause
    log.info({ circle, err: cause, many: Array.from({ length: 1000 }), big: 10n ** 30n, no: new Date(NaN) }, 'odd')
    expect(lines()).to.have.lengthOf(1)
  })

  for (const [place, hide] of Object.entries(HIDING_PLACES)) {
    it(`shows no key that is in ${place}`, () => {
      const { log, text, lines } = testLog('trace')
      log.trace(hide())
      log.trace({ it: hide() }, 'a field')
      log.trace({ err: hide() }, 'as an error')
      log.child({ it: hide() }).trace('bound')
      const further = log.child({})
      further.setBindings({ it: hide() })
      further.child({}).trace('bound later')
      log.trace('%o %j %s', hide() as object, hide() as object, hide() as string)
      expect(lines()).to.have.lengthOf(6)
      expectNoKey(text())
    })
  }

  it('escapes what a terminal would obey', () => {
    const { log, text } = testLog()
    log.info({ peer: '\u001b]0;owned\u0007', '\u001b[2J': 1 }, '\u001b[31m\r')
    expect(text()).to.match(/^[\x20-\x7e]+\n$/)
  })
})
