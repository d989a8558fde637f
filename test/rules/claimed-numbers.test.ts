/** The numbers in what the documents claim are those of the code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { RENEW_EVERY_MS, RENEW_WITHIN_MS } from '#lib/channel/channel-times.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { MAX_BUCKETS_BYTES } from '#lib/rpc/call-limits/call-limiter.ts'
import { PEOPLE_PER_ADDRESS } from '#lib/rpc/call-limits/limits-of-calls.ts'
import { BUCKET_BYTES } from '#lib/rpc/call-limits/token-buckets.ts'
import { PEER_LIMITS, SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { LOOK_INTERVAL_MS, SHORTEST_SILENT_LOOKS } from '#lib/rpc/sockets/entrance/stranger-places.ts'
import { CALL_BYTES } from '#lib/rpc/sockets/held/held-bytes.ts'
import { MAX_METADATA_BYTES } from '#lib/rpc/standard/refused-calls.ts'
import { MIN_TYPED_CHARACTERS } from '#lib/typed-secret.ts'
import { MOST_WAITING_BYTES } from '../../clients/files/transit/receive-buffer.ts'
import { MAX_MEMORY_KIB } from '../../clients/profile/wrapped-key.ts'
import { MAX_UNANSWERED } from '../../clients/store/transfers/transfer-steps.ts'
import { readConfig } from '../../services/auth/config.ts'
import { MAX_SESSIONS } from '../../services/auth/sessions/begin-sessions.ts'
import { REUSE_MS } from '../../services/authentication/authentications.ts'
import { ROOT } from '../support/environment.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const MIB = 1024 * 1024

const auth = readConfig({ SOTTO_HOME: '/srv/sotto' })
const { memoryKib, passes } = auth.password
const { strangers: service, held } = SERVICE_LIMITS
const mib = (bytes = 0): string => `${bytes / MIB} MiB`

/** What each document says, made of the code's numbers. */
const CLAIMS: Readonly<Record<string, readonly string[]>> = {
  'docs/threat-model.md': [
    `the maximum session duration of the last ticket (${auth.maxSessionDurationMs / HOUR_MS} h)`,
    `have ${(PEER_LIMITS.strangers?.admissionTimeoutMs ?? 0) / 1_000} seconds`,
    `than ${mib(held?.accountBytes).split(' ')[0]} MiB for an account, ${mib(held?.networkBytes).split(' ')[0]} for an address and ${mib(held?.totalBytes).split(' ')[0]} in all`,
    `share ${service?.connections.places} connections and ${service?.calls.places} calls, beside those who wait for the hash of a password`,
    `and have ${(service?.admissionTimeoutMs ?? 0) / 1_000} seconds; others wait in line, ${service?.line.most.toLocaleString('en')} of them with ${(service?.line.bytes ?? 0) / 1024} KiB each`,
    `more than ${SHORTEST_SILENT_LOOKS * LOOK_INTERVAL_MS} ms away`,
    `where ${auth.hashing.capacity} logins wait`,
    `argon2id hashes (${memoryKib / 1_024} MiB, ${passes} passes each)`,
    `at least ${MIN_TYPED_CHARACTERS} characters`,
    `more than ${MAX_TEXT_BYTES / MIB} MiB for one message`,
    `more than ${MAX_UNANSWERED} offers`,
    `more than ${MOST_WAITING_BYTES / MIB} MiB of pieces`,
    `more than ${MAX_MEMORY_KIB / MIB} GiB of memory`,
  ],
  'docs/reliability.md': [`as the oldest of ${MAX_SESSIONS}`],
  'docs/operations.md': [
    `has ${MAX_METADATA_BYTES / 1024} KiB at most`,
    `An address counts for ${PEOPLE_PER_ADDRESS.toLocaleString('en')} people`,
    `${CALL_BYTES / 1024} KiB for each call with them: ${mib(held?.connectionBytes)} over one connection, ${mib(held?.accountBytes)} for one account wherever it calls from, ${mib(held?.networkBytes)} for one address`,
    `and ${mib(held?.totalBytes)} for all; at a relay`,
    `What it counts takes ${MAX_BUCKETS_BYTES / MIB} MiB at most`,
    `where more than some ${Math.floor(MAX_BUCKETS_BYTES / BUCKET_BYTES / 1_000)},000 addresses`,
  ],
  'docs/protocol.md': [`for ${REUSE_MS / MINUTE_MS} minutes at most`],
}

describe('what the documents claim', () => {
  for (const [document, claims] of Object.entries(CLAIMS)) {
    const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/\s+/g, ' ')
    for (const claim of claims) {
      it(`has the code’s numbers: ${claim}`, () => {
        expect(text.includes(claim), document).to.equal(true)
      })
    }
  }

  it('holds where a number has a name: ten minutes', () => {
    expect(SERVICE_LIMITS.calls?.openStreamMs).to.equal(10 * MINUTE_MS)
  })

  it('holds where a number has a name: a quarter of an hour, and an hour', () => {
    expect([RENEW_EVERY_MS, RENEW_WITHIN_MS]).to.deep.equal([HOUR_MS / 4, HOUR_MS])
  })
})
