import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { serviceNodeOptions } from '#lib/runtime/node-options.ts'
import { ROOT } from '../support/environment.ts'

const textOf = (...path: readonly string[]) => readFileSync(join(ROOT, ...path), 'utf8')

describe('the options of Node.js that services run with', () => {
  const compose = textOf('docker-compose.yml')

  for (const service of ['auth', 'directory', 'relay', 'door']) {
    it(`are in the unit and the container of ${service} as in what sotto up starts`, () => {
      const options = serviceNodeOptions(service)
      expect(textOf('docs', 'systemd', `sotto-${service}.service`)).to.match(
        new RegExp(`^ExecStart=\\S+/node ${options.join(' ')} \\S+/services/${service}/main\\.cjs$`, 'm'),
      )
      expect(compose).to.include(`command: [node, ${options.join(', ')}, services/${service}/main.cjs]`)
    })
  }
})
