/**
 * Server reflection, v1 and v1alpha: what lets `grpcurl` and `buf curl` list, describe and call with no proto file at
 * hand (https://grpc.io/docs/guides/reflection/).
 *
 * The answers come from the descriptor set that buf builds of every contract (gen/descriptors.binpb), so they are what
 * the contracts say, comments included. The two reflection services are themselves loaded from their proto files when
 * somebody asks for the first time; nothing of them is generated.
 *
 * @module
 */
import { type ServedService, serve, undecodedMethod } from '../served-service.ts'
import type { CallContext, Duplex, Service } from '../service.ts'

/** The packages of the two versions. */
const VERSIONS = ['grpc.reflection.v1', 'grpc.reflection.v1alpha']

/** The reflection services for a server that has the named services beside them. */
export function createReflection(names: readonly string[]): ServedService[] {
  const listed = [...names, ...VERSIONS.map((version) => `${version}.ServerReflection`)].sort()
  return VERSIONS.map((version) =>
    serve(undecoded(version), {
      async ServerReflectionInfo(stream: Duplex<Buffer, Buffer>, _context: CallContext): Promise<void> {
        const { answerReflection } = await import('./reflection-answers.ts')
        for await (const request of stream.messages) await stream.send(answerReflection(version, listed, request))
      },
    }),
  )
}

/** The service as its bytes, which are decoded by what is loaded with the first call. */
function undecoded(version: string): Service {
  return { ServerReflectionInfo: undecodedMethod(`/${version}.ServerReflection/ServerReflectionInfo`, true) }
}
