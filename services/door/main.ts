/** The door as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { runService } from '#lib/runtime/service-process.ts'
import { readConfig } from './config.ts'
import { startDoor } from './start.ts'

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'door',
  readConfig,
  async start(config, dependencies) {
    const { address, metricsAddress, stop } = await startDoor(config, dependencies)
    return { addresses: { door: address, metrics: metricsAddress }, stop }
  },
})
