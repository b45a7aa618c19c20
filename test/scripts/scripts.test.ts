// Sessions at the command line, as people and scripts have them. `vitest run -u` writes down what really happens.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseSession, runSession } from './session.ts';

const HERE = import.meta.dirname;
const sessions = fs.readdirSync(HERE).filter((file) => file.endsWith('.txtar'));

/** Each command is a process of its own. */
const SESSION_TIMEOUT_MS = 180_000;

test.each(sessions)('%s', { timeout: SESSION_TIMEOUT_MS }, async (file) => {
  const temporary = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'jibe-'));
  // apps are called after it
  const directory = path.join(temporary, 'session');
  fs.mkdirSync(directory);
  try {
    const text = await runSession(parseSession(fs.readFileSync(path.join(HERE, file), 'utf8')), directory);
    await expect(text).toMatchFileSnapshot(path.join(HERE, file));
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
});
