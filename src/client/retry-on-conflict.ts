// Writes that others may come between: what is refused because of that is tried anew, with what is there by then. Follows client-go's
// RetryOnConflict and its number of attempts, without its pauses.
import { isConflict } from '../apimachinery/status-error.ts';

const MAX_ATTEMPTS = 5;

/** @param write told which attempt it is, from 1; all but the first must read anew. Rejects with the last conflict, or with any other error at once */
export async function retryOnConflict<T>(write: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await write(attempt);
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
    }
}
