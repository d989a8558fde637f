/**
 * `buf curl`: a gRPC client in another language, which knows a server only by reflection.
 *
 * @module
 */
import { execFile } from 'node:child_process'

export interface BufCurlResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Run `buf curl`. It prints responses on standard output, and an error as JSON on standard error. */
export function bufCurl(...options: string[]): Promise<BufCurlResult> {
  return new Promise((resolve) => {
    execFile('node_modules/.bin/buf', ['curl', '--protocol', 'grpc', ...options], (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}
