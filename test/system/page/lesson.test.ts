import { missing, runDocument } from '../../support/run-document.ts'

runDocument('lesson.md', {
  moreSteps: 7,
  tools: [{ used: /\bopenssl\b/, refusal: missing('openssl', 'kdf', '-help') }],
})
