/** The directory as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { runService } from '#lib/runtime/service-process.ts'
import { readConfig } from './config.ts'
import { startDirectory } from './start.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'directory',
  readConfig,
  async start(config, dependencies) {
    const running = await startDirectory(config, dependencies)
    const { address, proxiedAddress, adminAddress, metricsAddress, stop } = running
    const others = { proxied: proxiedAddress, admin: adminAddress, metrics: metricsAddress }
    return { addresses: { directory: address, ...others }, stop }
  },
})
