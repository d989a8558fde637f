/** `npm run generate`: gen/ from proto/, and the descriptor set that reflection serves. */
import { generate } from './generated.ts'

generate('.')
