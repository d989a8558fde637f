/** The numbers in docs/protocol.md are those of the code. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import * as channel from '#lib/channel/channel.ts'
import * as times from '#lib/channel/channel-times.ts'
import * as hello from '#lib/channel/hello.ts'
import * as kem from '#lib/channel/kem.ts'
import * as delivery from '#lib/delivery/limits.ts'
import * as letterBody from '#lib/letter/letter-body.ts'
import * as payload from '#lib/letter/payload.ts'
import * as prekey from '#lib/letter/prekey.ts'
import * as handshake from '#lib/noise/handshake.ts'
import * as oneWay from '#lib/noise/one-way.ts'
import * as primitives from '#lib/noise/primitives.ts'
import * as transport from '#lib/noise/transport.ts'
import * as protocol from '#lib/protocol.ts'
import * as secondFactor from '#lib/second-factor.ts'
import * as session from '#lib/session/session-keys.ts'
import * as grant from '#lib/ticket/grant.ts'
import * as letterTicket from '#lib/ticket/letter-ticket.ts'
import * as padding from '#lib/ticket/padding.ts'
import * as ticket from '#lib/ticket/ticket.ts'
import * as dial from '../../clients/peer/dial.ts'
import * as lease from '../../services/directory/presence.ts'
import * as announcement from '../../services/directory/validation.ts'
import * as watchers from '../../services/directory/watchers.ts'
import * as attendances from '../../services/relay/attendances.ts'
import * as prekeys from '../../services/relay/mailbox/prekeys.ts'
import * as relay from '../../services/relay/service.ts'

const CODE: Record<string, unknown> = {
  ...channel,
  ...times,
  ...hello,
  ...kem,
  ...delivery,
  ...letterBody,
  ...payload,
  ...prekey,
  ...oneWay,
  ...letterTicket,
  ...handshake,
  ...primitives,
  ...transport,
  ...protocol,
  ...secondFactor,
  ...session,
  ...padding,
  ...grant,
  ...ticket,
  ...lease,
  ...announcement,
  ...watchers,
  ...prekeys,
  ...dial,
  ...attendances,
  ...relay,
}

describe('docs/protocol.md', () => {
  const document = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
  const rows = [...document.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \| ([0-9,]+) \|/gm)]

  it('has a table of numbers', () => {
    expect(rows.length).to.be.greaterThan(20)
  })

  for (const [, name = '', value = ''] of rows) {
    it(`has the code’s ${name}`, () => {
      expect(CODE[name]).to.equal(Number(value.replaceAll(',', '')))
    })
  }

  it('leads to sections and files that are there', () => {
    const slugs = [...document.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    )
    for (const [, target = ''] of document.matchAll(/\]\(#([^)]+)\)/g)) expect(slugs).to.include(target)
    for (const [, path = ''] of document.matchAll(/\]\(((?:\.\.\/|[a-z])[^):]*)\)/g)) {
      expect(() => readFileSync(new URL(path, new URL('../../docs/', import.meta.url)))).to.not.throw('ENOENT')
    }
  })
})
