#!/usr/bin/env node
import { script } from './load.cjs';

const { flush, handle, run } = script('oclif', 'oclif');

// whatever oclif thinks: a command that does not exist is a mistake in the command line
process.on('exit', (code) => {
  if (code === 127) process.exitCode = 2;
});

await run(process.argv.slice(2), import.meta.url)
  .then(() => flush())
  .catch(handle);
