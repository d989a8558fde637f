/**
 * The answers of server reflection. Loaded with the first question: what decodes it, and what holds the contracts, takes
 * 10 MB that a service has no other use for.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createFileRegistry, type DescFile, type FileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { loadSync } from '@grpc/proto-loader'
import { Code } from '#gen/google/rpc/code.ts'
import { decodeRequest } from '../served-service.ts'
import type { Method } from '../service.ts'

const DESCRIPTORS = fileURLToPath(new URL('../../../gen/descriptors.binpb', import.meta.url))
const PROTO_FOLDER = fileURLToPath(new URL('../../../proto', import.meta.url))

/** ServerReflectionRequest, as the loader gives it; both versions have the same fields. */
interface ReflectionRequest {
  readonly host?: string
  readonly message_request?: keyof ReflectionRequest
  readonly file_by_filename?: string
  readonly file_containing_symbol?: string
  readonly file_containing_extension?: { readonly containing_type?: string; readonly extension_number?: number }
  readonly all_extension_numbers_of_type?: string
  readonly list_services?: string
}

/** One member of ServerReflectionResponse.message_response. */
type Answer = Readonly<Record<string, object>>

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)))

/** The one method of each version, by the version's package: `grpc.reflection.v1`. */
const methods = new Map<string, Method<ReflectionRequest, object>>()

function methodOf(version: string): Method<ReflectionRequest, object> {
  const known = methods.get(version)
  if (known !== undefined) return known
  const loaded = loadSync(`${version.replaceAll('.', '/')}/reflection.proto`, {
    includeDirs: [PROTO_FOLDER],
    keepCase: true,
    oneofs: true,
  })
  const service = loaded[`${version}.ServerReflection`] as unknown as Readonly<Record<string, Method>>
  const method = service['ServerReflectionInfo'] as Method<ReflectionRequest, object>
  methods.set(version, method)
  return method
}

/**
 * Answer one question.
 *
 * @param version - The package of the version that is asked: `grpc.reflection.v1`.
 * @param services - The names that a server lists.
 * @param bytes - A ServerReflectionRequest.
 * @returns a ServerReflectionResponse.
 * @throws SottoError `ERR_INVALID_ARGUMENT` if it is no request.
 */
export function answerReflection(version: string, services: readonly string[], bytes: Buffer): Buffer {
  const method = methodOf(version)
  const request = decodeRequest(method, bytes)
  return method.responseSerialize({
    valid_host: request.host ?? '',
    original_request: request,
    ...answer(registry, services, request),
  })
}

function answer(registry: FileRegistry, services: readonly string[], request: ReflectionRequest): Answer {
  switch (request.message_request) {
    case 'list_services':
      return { list_services_response: { service: services.map((name) => ({ name })) } }
    case 'file_by_filename':
      return filesAnswer([...registry.files].find((file) => file.proto.name === request.file_by_filename))
    case 'file_containing_symbol':
      return filesAnswer(fileOf(registry, request.file_containing_symbol ?? ''))
    case 'file_containing_extension': {
      const { containing_type: type = '', extension_number: number = 0 } = request.file_containing_extension ?? {}
      return filesAnswer(extensionsOf(registry, type).find((each) => each.number === number)?.file)
    }
    case 'all_extension_numbers_of_type': {
      const type = request.all_extension_numbers_of_type ?? ''
      if (registry.getMessage(type) === undefined) return notFound()
      const numbers = extensionsOf(registry, type).map((each) => each.number)
      return { all_extension_numbers_response: { base_type_name: type, extension_number: numbers } }
    }
    default:
      return errorAnswer(Code.INVALID_ARGUMENT, 'the request asks for nothing that is known')
  }
}

/** The file that declares a message, enum, service or extension, or else a field, value or method inside of one. */
function fileOf(registry: FileRegistry, symbol: string): DescFile | undefined {
  return (registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(symbol.lastIndexOf('.'), 0))))?.file
}

function extensionsOf(registry: FileRegistry, type: string) {
  return [...registry].filter((each) => each.kind === 'extension').filter((each) => each.extendee.typeName === type)
}

/** A file with everything that it imports, so that the caller need not ask again. */
function filesAnswer(file: DescFile | undefined): Answer {
  if (file === undefined) return notFound()
  const files = new Set<DescFile>()
  const add = (each: DescFile) => {
    if (files.has(each)) return
    files.add(each)
    each.dependencies.forEach(add)
  }
  add(file)
  const encoded = [...files].map((each) => Buffer.from(toBinary(FileDescriptorProtoSchema, each.proto)))
  return { file_descriptor_response: { file_descriptor_proto: encoded } }
}

function notFound(): Answer {
  return errorAnswer(Code.NOT_FOUND, 'there is no such name')
}

function errorAnswer(code: Code, message: string): Answer {
  return { error_response: { error_code: code, error_message: message } }
}
