/** The file that a trace is saved in, which the client gives to whoever asks: there is nothing of anybody's in it. */
export async function template(): Promise<string> {
  const response = await fetch('/wire/template', { credentials: 'omit', cache: 'no-store' })
  if (response.status !== 200) throw new TypeError('the client refuses it')
  return await response.text()
}
