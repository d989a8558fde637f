/** Auth as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { join } from 'node:path'
import { AUTHORITY_FILE } from '#lib/runtime/certificates/authority.ts'
import { runService } from '#lib/runtime/service-process.ts'
import { fingerprintOf } from '#lib/runtime/tls.ts'
import { readConfig } from './config.ts'
import { startAuth } from './start.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'auth',
  readConfig,
  async start(config, dependencies) {
    const running = await startAuth(config, dependencies)
    const { address, proxiedAddress, sealingAddress, adminAddress, metricsAddress, caPem, stop } = running
    const others = { proxied: proxiedAddress, admin: adminAddress, metrics: metricsAddress }
    const authority = { file: join(config.authorityFolder, AUTHORITY_FILE), fingerprint: fingerprintOf(caPem) }
    return { addresses: { auth: address, sealing: sealingAddress, ...others }, authority, stop }
  },
})
