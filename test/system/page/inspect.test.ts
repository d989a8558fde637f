import { freePort } from '../../support/free-port.ts'
import { captureRefusal } from '../../support/packet-capture.ts'
import { missing, runDocument } from '../../support/run-document.ts'

const PORT_SETTINGS = [
  'SOTTO_AUTH_PORT',
  'SOTTO_DIRECTORY_PORT',
  'SOTTO_SEALING_PORT',
  'SOTTO_AUTH_ADMIN_PORT',
  'SOTTO_DIRECTORY_ADMIN_PORT',
  'PEER_PORT',
]

runDocument('inspect.md', {
  moreSteps: 20,
  tools: [
    { used: /\bgrpcurl\b/, refusal: missing('grpcurl', '-version') },
    { used: /\bopenssl\b/, refusal: missing('openssl', 'kdf', '-help') },
    { used: /\b(dumpcap|DUMPCAP|look|chat\.pcapng)\b/, refusal: missing('tshark', '-v') ?? captureRefusal() },
  ],
  settings: async () =>
    Object.fromEntries(await Promise.all(PORT_SETTINGS.map(async (name) => [name, String(await freePort())]))),
})
