/** One trace from a client through the directory, or the relay, to auth, as a collector of OpenTelemetry gets it. */
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { expect } from 'chai'
import { Deployment, outcomeOf } from '../../support/deployment.ts'
import { environmentOf, ROOT } from '../../support/environment.ts'
import { TestProcess } from '../../support/processes.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** What we read of ExportTraceServiceRequest (https://opentelemetry.io/docs/specs/otlp/, JSON). */
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly Attribute[]
}

const [SERVER, CLIENT] = [2, 3]

/** The least that a collector is: it takes what it is sent. */
class Collector implements AsyncDisposable {
  readonly spans: (Span & { readonly service: string | undefined })[] = []
  /** All that has come, as text. */
  text = ''
  readonly #server: Server

  static async start(): Promise<Collector> {
    const collector = new Collector()
    await once(collector.#server.listen(0, '127.0.0.1'), 'listening')
    return collector
  }

  private constructor() {
    this.#server = createServer(async (request, response) => {
      if (request.url === '/v1/traces') this.#take((await json(request)) as Export)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Wait until there is such a span. */
  async until(
    name: string,
    kind: number,
    isMeant: (span: Span) => boolean = () => true,
  ): Promise<Span & { readonly service: string | undefined }> {
    for (;;) {
      const found = this.spans.find((span) => span.name.endsWith(name) && span.kind === kind && isMeant(span))
      if (found !== undefined) return found
      await once(this.#server, 'request')
      await new Promise(setImmediate)
    }
  }

  #take(exported: Export): void {
    this.text += JSON.stringify(exported)
    for (const { resource, scopeSpans } of exported.resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service }))))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

describe('traces', function () {
  this.timeout(300_000)

  it('lead from a client through the directory to auth, and name nobody', async () => {
    await using collector = await Collector.start()
    await using deployment = await Deployment.start({
      SOTTO_TRACES: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    })
    await deployment.signUp('alice-of-the-hill', 'bob-of-the-dale')
    const { process: bob } = await deployment.receive('bob-of-the-dale')
    const sent = await deployment.run([
      'send',
      'bob-of-the-dale',
      'a word in confidence',
      '--profile',
      'alice-of-the-hill',
    ])
    expect(sent.code, sent.errors).to.equal(0)
    await bob.output.until((shown) => shown.includes('a word in confidence'))

    const path = [
      await collector.until('DirectoryService/RequestChat', CLIENT),
      await collector.until('DirectoryService/RequestChat', SERVER),
      await collector.until('SealingService/SealChats', CLIENT),
      await collector.until('SealingService/SealChats', SERVER),
    ]
    expect(path.map(({ service }) => service)).to.deep.equal(['sotto', 'directory', 'directory', 'auth'])
    expect(new Set(path.map(({ traceId }) => traceId)).size).to.equal(1)
    expect(path.map(({ parentSpanId = '' }) => parentSpanId)).to.deep.equal([
      '',
      ...path.slice(0, -1).map(({ spanId }) => spanId),
    ])
    const ids = path.map(
      ({ attributes }) => attributes.find(({ key }) => key === 'sotto.request_id')?.value.stringValue,
    )
    expect(new Set(ids).size).to.equal(1)
    expect(collector.text).to.include('deployment.environment.name')
    expect(collector.text).not.to.match(/of-the-hill|of-the-dale|a word in confidence|127\.0\.0\.1/)
  })

  it('lead from a client through the relay to auth, and name nobody', async () => {
    await using collector = await Collector.start()
    await using deployment = await Deployment.start({
      SOTTO_RELAY: 'on',
      SOTTO_TRACES: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    })
    await deployment.signUp('bob-of-the-dale')
    await using bob = deployment.sotto(['receive', '--profile', 'bob-of-the-dale', '--relay-only'])
    await bob.untilStderr('online as')
    // Receivers put down their prekeys there; streams, and what they carry, are in no trace.
    const calling = await collector.until('MailboxService/PutPrekeys', CLIENT)
    const isCalled = ({ parentSpanId }: Span) => parentSpanId === calling.spanId
    const called = await collector.until('MailboxService/PutPrekeys', SERVER, isCalled)
    expect([calling.service, called.service, called.traceId]).to.deep.equal(['sotto', 'relay', calling.traceId])
    const asking = await collector.until('SealingService/Authenticate', CLIENT)
    const isAnswer = ({ parentSpanId }: Span) => parentSpanId === asking.spanId
    expect((await collector.until('SealingService/Authenticate', SERVER, isAnswer)).service).to.equal('auth')
    expect(collector.text).not.to.match(/of-the-hill|of-the-dale|a word in confidence|127\.0\.0\.1/)
  })

  for (const mode of ['off', 'otlp']) {
    it(`${mode === 'off' ? 'load nothing while they are off' : 'load what makes them when they are on'}`, async () => {
      await using folder = await temporaryFolder()
      await using deployment = await Deployment.start({ SOTTO_TRACES: mode })
      // Node.js writes there which files it has run: in a bundle, one can't be told from another.
      const env = { ...deployment.env, NODE_V8_COVERAGE: folder.path }
      for (const name of ['directory', 'auth'] as const) {
        await deployment.endService(name)
        await using again = new TestProcess(process.execPath, [join(ROOT, 'services', name, 'main.ts')], { env })
        await again.untilStderr('"msg":"up"')
        again.signal('SIGTERM')
        await again.ended
      }
      const written = await Promise.all((await readdir(folder.path)).map((file) => readFile(join(folder.path, file))))
      expect(written).to.have.length(2)
      for (const text of written) expect(text.includes('/node_modules/@opentelemetry/')).to.equal(mode === 'otlp')
    })
  }

  it('are refused where the setting is none', async () => {
    await using folder = await temporaryFolder()
    const env = environmentOf(folder.path, { SOTTO_TRACES: 'yes' })
    for (const args of [['bin/sotto.js', 'whoami'], ['services/auth/main.ts']]) {
      const { errors } = await outcomeOf(new TestProcess(process.execPath, args, { cwd: ROOT, env }))
      expect(errors).to.include('SOTTO_TRACES').and.to.include('ERR_CONFIG')
    }
  })
})
