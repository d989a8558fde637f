/**
 * The story of a demo as a page to look into: one file that needs nothing else.
 *
 * @module
 */
import { access, constants, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SottoError } from '#lib/errors.ts'
import { htmlFile } from '../../clients/web/wire/html-file.ts'
import type { Story } from './story.ts'

/** See that there is a place for the file before the story takes its time. @throws SottoError as {@link writeStory}. */
export async function checkPlace(file: string): Promise<void> {
  // With a slash, for it must be a folder.
  await access(`${dirname(file)}/`, constants.W_OK).catch(cannotWrite(file))
}

/** @throws SottoError `ERR_OUTPUT` if the file cannot be written. */
export async function writeStory(file: string, story: Story, texts: Parameters<typeof htmlFile>[1]): Promise<void> {
  await writeFile(file, htmlFile(story.lines(), texts)).catch(cannotWrite(file))
}

function cannotWrite(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new SottoError('ERR_OUTPUT', `${file} cannot be written`, { cause, hint: 'choose another place' })
  }
}
