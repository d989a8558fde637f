/**
 * Traces by OpenTelemetry, sent by OTLP over HTTP in JSON. Where to, how often and how many is said by the variables of
 * OpenTelemetry (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER` and the like).
 *
 * @module
 */
import { type Context, diag, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { CallSpan, SpanOutcome, Tracing } from './spans.ts'

/** The statuses that are a fault of the server's end, as the conventions have it. A refusal is none. */
const FAULTS: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
])

/** Trace from now on. @param onFailure - Told why spans could not be sent. */
export function createOtlpTracing(name: string, onFailure: (message: string) => void): Tracing {
  const silent = () => {}
  diag.setLogger({ error: onFailure, warn: silent, info: silent, debug: silent, verbose: silent })
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': name, 'service.namespace': 'sotto' }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  const tracer = provider.getTracer('sotto')
  const propagator = new W3CTraceContextPropagator()
  /** The calls that this process serves at this moment, by request id. */
  const served = new Map<string, Context>()

  function begin(kind: SpanKind, path: string, requestId: string, parent: Context): { span: Span; context: Context } {
    const [service = '', method = ''] = path.slice(1).split('/')
    const attributes = {
      'rpc.system': 'grpc',
      'rpc.service': service,
      'rpc.method': method,
      'sotto.request_id': requestId,
    }
    const span = tracer.startSpan(path.slice(1), { kind, attributes }, parent)
    return { span, context: trace.setSpan(parent, span) }
  }

  return {
    make(path, requestId) {
      const { span, context } = begin(SpanKind.CLIENT, path, requestId, served.get(requestId) ?? ROOT_CONTEXT)
      return callSpan(span, context, ({ status }) => status !== 'OK')
    },

    serve(path, requestId, traceparent) {
      const parent = extract(traceparent)
      const { span, context } = begin(SpanKind.SERVER, path, requestId, parent)
      served.set(requestId, context)
      return callSpan(span, context, ({ status }) => {
        if (served.get(requestId) === context) served.delete(requestId)
        return FAULTS.has(status)
      })
    },

    async stop() {
      await provider.shutdown()
    },
  }

  function extract(traceparent: string | undefined): Context {
    const getter = {
      keys: () => ['traceparent'],
      get: (_: unknown, key: string) => (key === 'traceparent' ? traceparent : undefined),
    }
    return propagator.extract(ROOT_CONTEXT, undefined, getter)
  }

  function callSpan(span: Span, context: Context, isFault: (outcome: SpanOutcome) => boolean): CallSpan {
    let traceparent = ''
    const set = (_: unknown, key: string, value: string) => {
      if (key === 'traceparent') traceparent = value
    }
    propagator.inject(context, undefined, { set })
    return {
      traceparent,
      end(outcome) {
        span.setAttribute('rpc.grpc.status', outcome.status)
        if (outcome.code !== undefined) span.setAttribute('sotto.code', outcome.code)
        if (isFault(outcome)) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
  }
}
