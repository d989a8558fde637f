/**
 * Makes the generated code: TypeScript by ts-proto, for Node.js and for the page in a browser, and one descriptor set of every contract for server reflection.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The file that reflection serves: all our contracts and whatever they import, as a serialised FileDescriptorSet. */
const DESCRIPTOR_SET = 'gen/descriptors.binpb'

/**
 * Writes `gen/` below the folder.
 *
 * @param root - The project's folder for the real thing, or an empty one to compare with.
 */
export function generate(root: string): void {
  mkdirSync(join(root, 'gen'), { recursive: true })
  buf('generate', '--output', root)
  buf('generate', '--template', 'buf.gen.web.yaml', '--output', root)
  // After the code: `clean: true` in buf.gen.yaml empties gen/ first.
  buf('build', '-o', join(root, DESCRIPTOR_SET))
}

function buf(...options: string[]): void {
  execFileSync('node_modules/.bin/buf', options, { stdio: 'inherit' })
}
