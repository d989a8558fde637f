/** The directory as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { runService } from '#lib/runtime/service-process.ts'
import { readConfig } from './config.ts'
import { startDirectory } from './start.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'directory',
  readConfig,
  async start(config, dependencies) {
    const { address, adminAddress, metricsAddress, stop } = await startDirectory(config, dependencies)
    const metrics = metricsAddress === undefined ? {} : { metrics: metricsAddress }
    return { addresses: { directory: address, admin: adminAddress, ...metrics }, stop }
  },
})
