/**
 * What a library would load that nobody asks it for.
 *
 * @module
 */
import type { Plugin } from 'esbuild'

/**
 * The library for gRPC reads contracts for its own channelz, which is answered without (lib/rpc/standard/channelz.ts), and for
 * reports of load, which Sotto does not have. What reads contracts is a seventh of the text of a service.
 */
export const leftOut: Plugin = {
  name: 'left-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@grpc\/proto-loader$/ }, ({ path, importer }) =>
      /[\\/]@grpc[\\/]grpc-js[\\/]/.test(importer) ? { path, namespace: 'left-out' } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `exports.loadSync = () => { throw new Error('${path} is left out of the bundle here') }`,
    }))
  },
}
