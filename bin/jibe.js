#!/usr/bin/env node
import { script } from './load.cjs';

const { flush, handle, run } = script('oclif', 'oclif');

// whatever oclif thinks: a command that does not exist is a mistake in the command line
process.on('exit', (code) => {
  if (code === 127) process.exitCode = 2;
});

// who reads may have seen enough, as `head` has: the rest is not waited for
const gone = new Promise((resolve) => process.stdout.once('error', resolve));

await run(process.argv.slice(2), import.meta.url)
  .then(() => Promise.race([flush(), gone]))
  .catch(handle);
