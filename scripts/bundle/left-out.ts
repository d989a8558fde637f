/**
 * What a library would load that nobody asks it for.
 *
 * @module
 */
import type { Plugin } from 'esbuild'

interface LeftOut {
  /** What is imported. */
  readonly module: string
  /** The package that imports it, for which it is left out. */
  readonly by: string
  /** What that gets in its place: the code of a CommonJS module. */
  readonly code: string
}

const LEFT_OUT: readonly LeftOut[] = [
  // The library for gRPC reads contracts for its own channelz, which is answered without (lib/rpc/standard/channelz.ts), and for
  // reports of load, which Sotto does not have. What reads contracts is a seventh of the text of a service.
  { module: '@grpc/proto-loader', by: '@grpc/grpc-js', code: failing('loadSync') },
  // The log is written by the thread that logs, and no other has one; threads of Node.js take 0.8 MB of each process.
  { module: 'thread-stream', by: 'pino', code: '' },
  { module: 'worker_threads', by: 'pino', code: 'exports.isMainThread = true' },
]

/** Leaves out what is left out. */
export const leftOut: Plugin = {
  name: 'left-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^.]/ }, ({ path, importer }) => {
      const module = path.replace(/^node:/, '')
      const index = LEFT_OUT.findIndex(
        (each) => each.module === module && importer.includes(`/node_modules/${each.by}/`),
      )
      return index < 0 ? undefined : { path: module, namespace: 'left-out', pluginData: LEFT_OUT[index]?.code }
    })
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ pluginData }) => ({ contents: pluginData }))
  },
}

function failing(name: string): string {
  return `exports.${name} = () => { throw new Error('it is left out of this bundle') }`
}
