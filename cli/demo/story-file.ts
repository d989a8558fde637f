/**
 * The story of a demo as a page to look into: one file that needs nothing else.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { SottoError } from '#lib/errors.ts'
import { htmlFile } from '../../clients/web/wire/html-file.ts'
import type { Story } from './story.ts'

/** @throws SottoError `ERR_OUTPUT` if the file cannot be written. */
export async function writeStory(file: string, story: Story, texts: Parameters<typeof htmlFile>[1]): Promise<void> {
  await writeFile(file, htmlFile(story.lines(), texts)).catch((cause: unknown) => {
    throw new SottoError('ERR_OUTPUT', `${file} cannot be written`, { cause, hint: 'choose another place' })
  })
}
