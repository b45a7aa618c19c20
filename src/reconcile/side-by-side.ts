// Work on many things at a time, but not on all.

/** Rejects with the first failure; what is under way then goes on. @param width how many at a time */
export async function sideBySide<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
