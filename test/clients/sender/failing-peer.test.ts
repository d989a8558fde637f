import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { Resume } from '#gen/sotto/peer/v1/record.ts'
import type { Channel } from '#lib/channel/channel.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { encodeRecordBody, parseRecordBody } from '#lib/delivery/record-body.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { Output } from '../../../clients/command/output.ts'
import type { Running } from '../../../clients/command/run-command.ts'
import type { HostLink } from '../../../clients/peer/record-link.ts'
import { Sending } from '../../../clients/sender/sending.ts'
import type { DirectoryClient } from '../../../clients/session/directory-client.ts'
import { ServerClock } from '../../../clients/session/server-clock.ts'
import { CapturedStream } from '../../support/captured-stream.ts'
import { FailingHost } from '../../support/failing-host.ts'
import { LyingServices } from '../../support/lying-services.ts'
import { keyPairOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts'
import { testAuthority } from '../../support/test-authority.ts'

/** What a send does about somebody whose machine takes calls and gets no further. */
describe('a send to somebody whose machine fails', function () {
  this.timeout(15_000)
  let home: TemporaryFolder
  let services: LyingServices
  let running: Running
  let directory: DirectoryClient

  beforeEach(async () => {
    home = await temporaryFolder()
    await using authority = await testAuthority()
    services = new LyingServices(authority.authorityPem)
    const identity = keyPairOf('identity of alice')
    const profile = await services.enrol(home.path, { name: 'alice', username: 'alice', identity })
    services.claim('alice', { profile: 'alice', identityKey: identity.publicKey })
    const streams = { output: new CapturedStream(), errors: new CapturedStream() }
    directory = services.directoryFor(profile)
    running = {
      profile,
      ...profile.login,
      clock: new ServerClock(systemClock, 0),
      output: new Output({ ...streams, trace: false, json: false, bottomLine: undefined, untraced: undefined }),
      connect: async () => directory,
      channelTimes: {},
      prompt: undefined,
      signal: new AbortController().signal,
    }
  })
  afterEach(async () => {
    directory.close()
    await home[Symbol.asyncDispose]()
  })

  async function bob(talk: (link: HostLink, channel: Channel) => Promise<void>): Promise<FailingHost> {
    const identity = keyPairOf('identity of bob')
    const profile = await services.enrol(home.path, { name: 'bob', username: 'bob', identity })
    services.claim('bob', { profile: 'bob', identityKey: identity.publicKey })
    return await FailingHost.start(services, profile, talk)
  }

  const noFiles = async function* () {}

  it('ends after seconds where it is silent after its Welcome, and says for whom it waited', async () => {
    const over = Promise.withResolvers<void>()
    await using host = await bob(() => over.promise)
    const waits: (string | undefined)[] = []
    await using sending = await Sending.begin({
      running,
      to: 'bob',
      redialMs: 60_000,
      onWaiting: (forWhat) => waits.push(forWhat),
    })
    expect((await rejection(sending.reach())).code).to.equal('ERR_PEER_SILENT')
    expect(host.calls).to.equal(1)
    expect(waits).to.deep.equal(['the directory', 'bob’s machine'])
    over.resolve()
  })

  it('ends after --retry where it takes call after call and stores nothing, as with a full disk', async () => {
    const streamId = randomBytes(STREAM_ID_BYTES)
    await using host = await bob(async (link, channel) => {
      const { control } = parseRecordBody(channel.open((await link.next()) ?? Buffer.of()))
      if (control?.$case !== 'resume') throw new Error('no Resume')
      const value = Resume.fromPartial({ streamId, peerStreamId: control.value.streamId })
      await link.send(channel.seal(encodeRecordBody(undefined, { control: { $case: 'resume', value } })))
      await link.next()
    })
    await using sending = await Sending.begin({ running, to: 'bob', redialMs: 3_000 })
    await sending.reach()
    const sent = sending.send([[Buffer.from('hello')]], noFiles())
    sent.catch(() => undefined)
    expect((await rejection(Promise.race([sent, sending.lost]))).code).to.equal('ERR_NOT_ACKNOWLEDGED')
    expect(host.calls).to.be.greaterThan(1)
  })
})
