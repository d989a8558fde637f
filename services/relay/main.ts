/** The relay as a process: settings from the environment, log lines to standard error, stops on a signal. */
import { setDefaultHighWaterMark } from 'node:stream'
import { runService } from '#lib/runtime/service-process.ts'
import { readConfig } from './config.ts'
import { startRelay } from './start.ts'

// What comes over a stream and is not taken waits in its window, and little before it: by default 64 KiB of each stream.
setDefaultHighWaterMark(false, 8 * 1024)

// No `await`: a bundle is CommonJS, which has none here.
void runService({
  name: 'relay',
  readConfig,
  async start(config, dependencies) {
    const { address, proxiedAddress, adminAddress, metricsAddress, stop } = await startRelay(config, dependencies)
    const addresses = { relay: address, proxied: proxiedAddress, admin: adminAddress, metrics: metricsAddress }
    return { addresses, stop }
  },
})
