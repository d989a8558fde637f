import type { StatusObject } from '@grpc/grpc-js'
import { Metadata } from '@grpc/grpc-js'
import { expect } from 'chai'
import { Code } from '#gen/google/rpc/code.ts'
import { ErrorInfo } from '#gen/google/rpc/error_details.ts'
import { Status } from '#gen/google/rpc/status.ts'
import { ERROR_CODES, SottoError } from '#lib/errors.ts'
import { CALL_REASONS } from '#lib/rpc/call-reasons.ts'
import { DETAILS_TRAILER, ERROR_DOMAIN, errorOf, isFault, statusOf } from '#lib/rpc/status.ts'
import { WIRE_ERRORS } from '#lib/rpc/status-table.ts'

const LOGIN = '/sotto.auth.v1.AuthService/Login'
const SERVICE = { address: 'auth.example:7001', isTrusted: true, path: LOGIN }
const PEER = { address: '192.0.2.1:9000', isTrusted: false, path: '/sotto.peer.v1.PeerService/Converse' }

/** Every call that there is a contract of, with the reasons that it lists. */
const CALLS = Object.entries(CALL_REASONS).flatMap(([service, { every, calls }]) =>
  Object.entries(calls).map(([call, own]) => ({ path: `/${service}/${call}`, reasons: [...every, ...own] })),
)

/** Every status that an error has. */
const STATUSES = [...new Set(Object.values(WIRE_ERRORS).map(({ status }) => status))]

const REFUSALS_OF_A_HELLO = ERROR_CODES.filter((code) => WIRE_ERRORS[code].code === 'ERR_HELLO_REFUSED')

describe('statusOf', () => {
  it('has a status for every code, and a public code that stands for itself', () => {
    for (const code of ERROR_CODES) {
      const { status, code: publicCode } = WIRE_ERRORS[code]
      expect(status, code).to.be.within(Code.CANCELLED, Code.UNAUTHENTICATED)
      expect(WIRE_ERRORS[publicCode], code).to.deep.equal({ status, code: publicCode })
    }
    expect(Object.keys(WIRE_ERRORS)).to.have.members([...ERROR_CODES])
  })

  it('carries reason and domain where every gRPC tool looks for them', () => {
    const { code, metadata } = statusOf(new SottoError('ERR_NO_SUCH_USER', 'there is no such user'))
    const status = Status.decode(metadata.get(DETAILS_TRAILER)[0] as Buffer)
    expect(status).to.include({ code, message: 'there is no such user' })
    expect(status.details).to.have.lengthOf(1)
    expect(status.details[0]?.typeUrl).to.equal('type.googleapis.com/google.rpc.ErrorInfo')
    const info = ErrorInfo.decode(status.details[0]?.value as Buffer)
    expect(info).to.include({ reason: 'ERR_NO_SUCH_USER', domain: ERROR_DOMAIN })
  })

  it('says the same of every Hello that is refused', () => {
    expect(REFUSALS_OF_A_HELLO).to.include.members(['ERR_TICKET_EXPIRED', 'ERR_TICKET_REPLAYED', 'ERR_DECRYPT'])
    const answers = REFUSALS_OF_A_HELLO.map((code) => {
      const { code: status, details, metadata } = statusOf(new SottoError(code, `the reason of ${code}`))
      return JSON.stringify([status, details, metadata.get(DETAILS_TRAILER)])
    })
    expect(new Set(answers)).to.have.property('size', 1)
  })

  for (const thrown of [
    new Error('the key is 0123'),
    new SottoError('ERR_STORE', 'cannot read /home/alice/.sotto'),
    'a string',
    undefined,
  ]) {
    it(`says nothing of ${thrown instanceof Error ? thrown.name : typeof thrown} that is a fault of ours`, () => {
      const { code, details, metadata } = statusOf(thrown)
      expect(isFault(thrown)).to.equal(true)
      expect(code).to.equal(Code.INTERNAL)
      expect(details).to.equal('internal error')
      const trailer = (metadata.get(DETAILS_TRAILER)[0] as Buffer).toString('latin1')
      expect(trailer)
        .to.include('ERR_INTERNAL')
        .and.not.match(/0123|alice|string/)
    })
  }
})

describe('errorOf', () => {
  for (const { path, reasons } of CALLS) {
    it(`gives back each reason that the contract of ${path} lists`, () => {
      for (const code of reasons) {
        const back = errorOf(asReceived(new SottoError(code, 'why', { retryAfterMs: 2500 }), path), {
          ...SERVICE,
          path,
        })
        expect(back).to.include({ code, retryAfterMs: 2500 })
        expect(back.message).to.not.equal('why')
        expect(back.hint).to.be.a('string')
      }
    })

    it(`takes any other reason of ${path} for what the bare status means`, () => {
      const link = { ...SERVICE, path }
      const others = ERROR_CODES.filter((code) => !(reasons as readonly string[]).includes(code))
      const believed = STATUSES.flatMap((status) => {
        const bareCode = errorOf(bare(status, ''), link).code
        const isBelieved = (reason: string) => errorOf(withReason(status, reason), link).code !== bareCode
        return others.filter(isBelieved).map((reason) => `${reason} under ${status}`)
      })
      expect(believed).to.deep.equal([])
    })
  }

  it('believes no reason under a status that it does not go with, and none of a call that it does not know', () => {
    expect(errorOf(withReason(Code.UNAVAILABLE, 'ERR_LOGIN_REFUSED'), SERVICE).code).to.equal('ERR_UNAVAILABLE')
    const stranger = { ...SERVICE, path: '/somebody.else.v1.Service/Login' }
    expect(errorOf(withReason(Code.UNAUTHENTICATED, 'ERR_LOGIN_REFUSED'), stranger).code).to.equal('ERR_INTERNAL')
  })

  it('keeps the fields that are wrong', () => {
    const violations = [
      { field: 'username', description: 'must be 1 to 32 characters' },
      { field: 'endpoints[2].port', description: 'must be 1 to 65535' },
    ]
    const back = errorOf(asReceived(new SottoError('ERR_INVALID_ARGUMENT', 'wrong', { violations })), SERVICE)
    expect(back.violations).to.deep.equal(violations)
    expect(back.message).to.include('endpoints[2].port: must be 1 to 65535')
  })

  it('takes from a description nothing that a terminal obeys, and not more than a line', () => {
    const violations = [{ field: '\x1b[2J', description: `${'x'.repeat(1000)}\r\n` }]
    const { message } = errorOf(asReceived(new SottoError('ERR_INVALID_ARGUMENT', 'wrong', { violations })), SERVICE)
    expect(message)
      .to.match(/^[\x20-\x7e]+$/)
      .and.to.have.property('length')
      .below(400)
  })

  it('believes a peer no more than can do no harm', () => {
    const ofTheCall = ['ERR_INVALID_ARGUMENT', 'ERR_REQUEST_TOO_LARGE', 'ERR_UNIMPLEMENTED']
    const harmless = ['ERR_HELLO_REFUSED', 'ERR_BUSY', 'ERR_UNAVAILABLE', 'ERR_CHANNEL_CLOSED', ...ofTheCall]
    for (const code of ERROR_CODES) {
      const back = errorOf(asReceived(new SottoError(code, 'why')), PEER)
      expect([...harmless, 'ERR_INTERNAL'], code).to.include(back.code)
    }
  })

  it('tells an authority or a role that is not the expected one from an absent server', () => {
    const reasons = {
      'No connection established. Last error: Error: self-signed certificate in certificate chain.':
        'ERR_SERVER_UNTRUSTED',
      'No connection established. Last error: Error: unable to verify the first certificate.': 'ERR_SERVER_UNTRUSTED',
      "Hostname/IP does not match certificate's altnames: Host: auth.sotto.": 'ERR_SERVER_UNTRUSTED',
      'No connection established. Last error: Error: certificate has expired.': 'ERR_CERTIFICATE_TIME',
      'No connection established. Last error: Error: certificate is not yet valid.': 'ERR_CERTIFICATE_TIME',
      'write EPROTO 40:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version':
        'ERR_SERVER_UNTRUSTED',
      'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1.': 'ERR_UNAVAILABLE',
      'Client network socket disconnected before secure TLS connection was established': 'ERR_UNAVAILABLE',
    }
    for (const [details, code] of Object.entries(reasons)) {
      expect(errorOf(bare(Code.UNAVAILABLE, details), SERVICE).code, details).to.equal(code)
    }
  })

  it('calls a broken connection a cut where a conversation was going on', () => {
    const broken = bare(
      Code.INTERNAL,
      'Received RST_STREAM with code 2 triggered by internal client error: read ECONNRESET',
    )
    expect(errorOf(broken, PEER).code).to.equal('ERR_UNAVAILABLE')
    expect(errorOf(broken, { ...PEER, isTalking: true }).code).to.equal('ERR_CHANNEL_CUT')
  })

  it('does without details that cannot be read', () => {
    for (const trailer of [Buffer.from([0xff]), Buffer.alloc(0), Buffer.from('1a020a7f', 'hex')]) {
      const status = bare(Code.UNAUTHENTICATED, '')
      status.metadata.set(DETAILS_TRAILER, trailer)
      expect(errorOf(status, SERVICE).code).to.equal('ERR_INTERNAL')
    }
  })

  it('does not know the codes of another domain', () => {
    const status = withReason(Code.UNAUTHENTICATED, 'ERR_LOGIN_REFUSED', 'other')
    expect(errorOf(status, SERVICE).code).to.equal('ERR_INTERNAL')
  })

  it('never takes a retry delay of more than an hour', () => {
    const back = errorOf(asReceived(new SottoError('ERR_BUSY', 'why', { retryAfterMs: 1e12 })), SERVICE)
    expect(back.retryAfterMs).to.equal(3_600_000)
  })
})

/** What comes over the wire for an error. */
function asReceived(error: SottoError, path?: string): StatusObject {
  const { code, details, metadata } = statusOf(error, path)
  return { code, details, metadata: metadata.clone() }
}

/** A status with a reason that its sender need not have a right to. */
function withReason(code: Code, reason: string, domain = ERROR_DOMAIN): StatusObject {
  const value = Buffer.from(ErrorInfo.encode({ reason, domain, metadata: new Map() }).finish())
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value }]
  const status = bare(code, '')
  status.metadata.set(DETAILS_TRAILER, Buffer.from(Status.encode({ code, message: '', details }).finish()))
  return status
}

function bare(code: Code, details: string): StatusObject {
  return { code, details, metadata: new Metadata() }
}
