// Which few of many queues a flow may use: always the same, and hardly ever all the same as another flow's. Follows
// util/shufflesharding of k8s.io/apiserver.
import { createHash } from 'node:crypto';

/** 64 bits that stand for a flow. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64BE();
}

/** Different numbers below `deck`, as many as `hand`, dealt by the hash as from a shuffled deck of cards. */
export function deal(hash: bigint, deck: number, hand: number): number[] {
  let left = hash;
  const remainders: number[] = [];
  for (let i = 0; i < hand; i++) {
    const size = BigInt(deck - i);
    remainders.push(Number(left % size));
    left /= size;
  }
  // each is a place among the cards that the ones before it have left
  return remainders.map((remainder, i) => {
    let card = remainder;
    for (let j = i; j > 0; j--) if (card >= remainders[j - 1]!) card++;
    return card;
  });
}
