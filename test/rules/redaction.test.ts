import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

/** The fields of a contract: the sentences above each, and whether a program that prints messages leaves it out. */
function fieldsOf(contract: string) {
  const fields = readFileSync(contract, 'utf8').matchAll(
    /((?: *\/\/.*\n)*) +(?:repeated )?[\w.]+ (\w+) = \d+( \[.*\])?;\n/g,
  )
  return Array.from(fields, ([, comment = '', name, options = '']) => ({
    name,
    isSecret: /\b(?:Secret|Private)[.:]/.test(comment),
    isRedacted: options.includes('debug_redact = true'),
  }))
}

describe('the contracts', () => {
  const contracts = globSync('proto/sotto/**/*.proto')

  it('keep out of what is printed for debugging all that they call secret or private, and nothing else', () => {
    for (const contract of contracts) {
      for (const { name, isSecret, isRedacted } of fieldsOf(contract)) {
        expect(isRedacted, `${contract}: ${name}`).to.equal(isSecret)
      }
    }
  })

  it('call so what derives keys, shows who calls, and is said', () => {
    const secret = contracts.flatMap(fieldsOf).filter(({ isSecret }) => isSecret)
    expect(new Set(secret.map(({ name }) => name))).to.deep.equal(
      new Set([
        ...[
          'password',
          'current_password',
          'new_password',
          'code',
          'recovery_codes',
          'session_token',
          'directory_bearer',
          'relay_bearer',
          'sender_bearer',
        ],
        ...['secret', 'body', 'path', 'name', 'data'],
      ]),
    )
  })
})
