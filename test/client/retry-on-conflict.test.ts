// What a write that others come between is worth: it is tried anew, not for ever, and nothing else is.
import { expect, test } from 'vitest';
import { conflict, notFoundError } from '../../src/apimachinery/status-error.ts';
import { retryOnConflict } from '../../src/client/retry-on-conflict.ts';

const POD = { group: '', resource: 'pods' };

test('a conflict is tried again until it goes through, and the write is told which attempt it is', async () => {
  const seen: number[] = [];
  const result = await retryOnConflict(async (attempt) => {
    seen.push(attempt);
    if (attempt < 3) throw conflict(POD, 'web', 'the object has been modified');
    return 'written';
  });
  expect({ result, seen }).toEqual({ result: 'written', seen: [1, 2, 3] });
});

test('the fifth conflict is the last', async () => {
  let attempts = 0;
  const write = async (): Promise<never> => {
    attempts++;
    throw conflict(POD, 'web', `conflict ${attempts}`);
  };
  await expect(retryOnConflict(write)).rejects.toThrow('conflict 5');
  expect(attempts).toBe(5);
});

test('what is refused for another reason is not tried again', async () => {
  let attempts = 0;
  const write = async (): Promise<never> => {
    attempts++;
    throw notFoundError(POD, 'web');
  };
  await expect(retryOnConflict(write)).rejects.toThrow('pods "web" not found');
  expect(attempts).toBe(1);
});
