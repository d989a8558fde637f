/**
 * The modules of Node.js itself in a bundle.
 *
 * @module
 */
import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * What libraries load at their start, for what is seldom or never done here: looked up when it is. zlib alone takes 3 ms of each
 * command that calls somebody, and 1.3 MB of each process.
 */
const ON_DEMAND = new Set(['child_process', 'zlib'])

/**
 * Modules of Node.js itself, looked up when the module that imports them is evaluated, and only what is used of each. An
 * import statement would look all of them up at the start, and every export of each, which for some loads more than is
 * used (for `node:http` 27 ms more).
 */
export const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_/0-9]+$/ }, ({ path, kind, importer }) => {
      const name = path.replace(/^node:/, '')
      if (path === name && !builtinModules.includes(name)) return undefined
      if (ON_DEMAND.has(name) && importer.includes('node_modules')) return { path: name, namespace: 'on-demand' }
      return kind === 'require-call' ? { path: `node:${name}`, external: true } : { path: name, namespace: 'builtin' }
    })
    onLoad({ filter: /.*/, namespace: 'on-demand' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule('node:${path}')[name] })`,
    }))
    onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const { default: _, ...named } = await import(`node:${path}`)
      const exported = Object.keys(named).map(
        (name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})()`,
      )
      return {
        contents: [
          `const builtin = process.getBuiltinModule('node:${path}')`,
          'export default builtin',
          ...exported,
        ].join('\n'),
      }
    })
  },
}
