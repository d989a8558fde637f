/**
 * The answers of channelz. Loaded with the first call: what reads its contract takes 10 MB that a service has no other use for.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { getChannelzHandlers, type sendUnaryData, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { errorOfLibrary } from '../library-status.ts'
import { decodeRequest } from '../served-service.ts'
import type { Service } from '../service.ts'

const PROTO_FOLDER = fileURLToPath(new URL('../../../proto', import.meta.url))

/** With messages as the library's own handlers take and give them. */
const methods = loadSync('grpc/channelz/v1/channelz.proto', {
  includeDirs: [PROTO_FOLDER],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
})['grpc.channelz.v1.Channelz'] as unknown as Service

type NativeHandler = (call: { readonly request: object }, callback: sendUnaryData<object>) => void

const handlers = getChannelzHandlers() as unknown as Readonly<Record<string, NativeHandler>>

/**
 * Answer one call.
 *
 * @param name - Of the method.
 * @param bytes - Its request.
 * @returns its response.
 * @throws SottoError `ERR_INVALID_ARGUMENT` if it is no request, `ERR_NO_SUCH_SERVICE` if there is nothing of its number.
 */
export async function answerChannelz(name: string, bytes: Buffer): Promise<Buffer> {
  const [method, handler] = [methods[name], handlers[name]]
  if (method === undefined || handler === undefined) throw new TypeError(`channelz has no ${name}`)
  const request = decodeRequest(method, bytes)
  return await new Promise((resolve, reject) => {
    handler({ request }, (error, response) => {
      if (response) resolve(method.responseSerialize(response))
      else reject(errorOfLibrary({ code: error?.code ?? status.UNKNOWN }))
    })
  })
}
