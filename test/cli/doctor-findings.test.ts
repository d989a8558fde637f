import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { WARNING_DAYS } from '#lib/runtime/certificates/lifetimes.ts'
import { check, type Finding } from '../../cli/doctor/finding.ts'
import { checkMachine } from '../../cli/doctor/machine.ts'
import { addressesSeen } from '../../cli/doctor/network.ts'
import { certificateSeen } from '../../cli/doctor/server.ts'
import type { ListeningAt } from '../../clients/session/announcement/endpoints.ts'
import { FakeClock } from '../support/clock.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const DAY_MS = 86_400_000

describe('what sotto doctor finds', () => {
  describe('on a machine', () => {
    async function machine(home: string): Promise<Map<string, Finding>> {
      const found = new Map<string, Finding>()
      await checkMachine((finding) => found.set(finding.about, finding), home, Date.now())
      return found
    }

    it('is nothing, where nothing is kept yet', async () => {
      await using folder = await temporaryFolder()
      const found = [...(await machine(join(folder.path, 'nowhere'))).values()]
      expect(found.map(({ state }) => state)).to.deep.equal(['ok', 'ok', 'ok', 'ok'])
    })

    it('is a folder that others may look into, and what a crash has left, but nothing that is being written', async () => {
      await using folder = await temporaryFolder()
      await chmod(folder.path, 0o755)
      await mkdir(join(folder.path, 'profiles'))
      const [old, fresh] = ['0123456789ab', 'ba9876543210'].map((id) => join(folder.path, 'profiles', `a.${id}.tmp`))
      for (const path of [old, fresh]) await writeFile(path ?? '', '')
      await utimes(old ?? '', 0, 0)
      const found = await machine(folder.path)
      expect(found.get('folder')).to.include({ state: 'note', todo: `chmod 700 ${folder.path}` })
      expect(found.get('leftovers')).to.include({ state: 'note', text: `a crash has left ${old}` })
    })

    it('is a file where the folder should be', async () => {
      await using folder = await temporaryFolder()
      await writeFile(join(folder.path, 'file'), '')
      const found = await machine(join(folder.path, 'file'))
      expect(found.get('folder')).to.include({ state: 'fault', code: 'ERR_CONFIG' })
    })
  })

  it('of a certificate is when it ends, and a fault once it has', async () => {
    const clock = new FakeClock(1_800_000_000_000)
    const seen = (days: number) => certificateSeen(new Date(clock.nowMs() + days * DAY_MS), clock, 'it')
    expect(seen(WARNING_DAYS).todo).to.equal(undefined)
    expect(seen(WARNING_DAYS - 1).todo).to.include('sotto admin rotate leaf')
    const findings: Finding[] = []
    await check(
      (finding) => findings.push(finding),
      'certificate',
      () => seen(-1),
    )
    expect(findings[0]).to.include({ state: 'fault', code: 'ERR_CERTIFICATE_TIME' })
  })

  describe('of addresses', () => {
    const at = (changes: Partial<ListeningAt>, ...addresses: string[]): ListeningAt => ({
      host: '::',
      port: 7100,
      advertise: [],
      serverAddress: '203.0.113.9',
      interfaces: { eth0: addresses.map((address) => ({ address })) as never },
      ...changes,
    })

    it('is that a router seems to be in between, where the server is outside and all of them are of the house', () => {
      expect(addressesSeen(at({}, '192.168.1.7')).todo).to.include('--advertise')
      for (const fine of [
        at({}, '192.168.1.7', '198.51.100.4'),
        at({ serverAddress: '10.0.0.1' }, '10.0.0.7'),
        at({ serverAddress: '127.0.0.1' }, '127.0.0.1'),
      ]) {
        expect(addressesSeen(fine).todo).to.equal(undefined)
      }
    })

    it('is which of those that are told others this machine has not itself', () => {
      const advertise = [{ address: '198.51.100.4', port: 7100 }]
      expect(addressesSeen(at({ advertise }, '192.168.1.7')).todo).to.include('router')
      expect(addressesSeen(at({ advertise }, '192.168.1.7')).todo).not.to.include('SOTTO_DIRECTORY_ENDPOINTS')
      const inside = at({ advertise, serverAddress: '192.168.1.1' }, '192.168.1.7')
      expect(addressesSeen(inside).todo).to.include('SOTTO_DIRECTORY_ENDPOINTS')
      expect(addressesSeen(at({ advertise }, '198.51.100.4')).todo).to.equal(undefined)
    })
  })
})
