/**
 * Channelz: the servers, connections and calls of this process
 * (https://github.com/grpc/proposal/blob/master/A14-channelz.md). The answers are the library's.
 *
 * @module
 */
import { getChannelzHandlers } from '@grpc/grpc-js'
import { type ServedService, serve, undecodedMethod } from '../served-service.ts'

/** The service, all of whose methods are unary. */
export function createChannelz(): ServedService {
  const names = Object.keys(getChannelzHandlers())
  return serve(
    Object.fromEntries(names.map((name) => [name, undecodedMethod(`/grpc.channelz.v1.Channelz/${name}`, false)])),
    Object.fromEntries(names.map((name) => [name, handlerOf(name)])),
  )
}

function handlerOf(name: string): (request: Buffer) => Promise<Buffer> {
  return async (request) => {
    const { answerChannelz } = await import('./channelz-answers.ts')
    return await answerChannelz(name, request)
  }
}
