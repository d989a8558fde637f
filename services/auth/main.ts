/** Auth as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { runService } from '#lib/runtime/service-process.ts'
import { readConfig } from './config.ts'
import { startAuth } from './start.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'auth',
  readConfig,
  async start(config, dependencies) {
    const { address, sealingAddress, adminAddress, metricsAddress, stop } = await startAuth(config, dependencies)
    const metrics = metricsAddress === undefined ? {} : { metrics: metricsAddress }
    return { addresses: { auth: address, sealing: sealingAddress, admin: adminAddress, ...metrics }, stop }
  },
})
