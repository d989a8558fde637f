/**
 * `buf curl`, a gRPC client in another language that knows a server by its reflection alone.
 *
 * @module
 */
import { execFile } from 'node:child_process'

export interface BufCurlResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Run it; what it prints is on standard output, an error as JSON on standard error. */
export function bufCurl(...options: string[]): Promise<BufCurlResult> {
  return new Promise((resolve) => {
    execFile('node_modules/.bin/buf', ['curl', '--protocol', 'grpc', ...options], (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
