/** The relay as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { runService } from '#lib/runtime/service-process.ts'
import { readConfig } from './config.ts'
import { startRelay } from './start.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'relay',
  readConfig,
  async start(config, dependencies) {
    const { address, adminAddress, metricsAddress, stop } = await startRelay(config, dependencies)
    const metrics = metricsAddress === undefined ? {} : { metrics: metricsAddress }
    return { addresses: { relay: address, admin: adminAddress, ...metrics }, stop }
  },
})
