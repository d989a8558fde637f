/**
 * Do something again and again, one after the other, at the pace of a timer.
 *
 * @param work - Never rejects.
 * @returns a function that ends it, once what is going on is over.
 */
export function repeatedly(work: () => Promise<void>, everyMs: number): () => Promise<void> {
  let working = Promise.resolve()
  const timer = setInterval(() => {
    working = working.then(work)
  }, everyMs)
  return async () => {
    clearInterval(timer)
    await working
  }
}
