// oclif, to be bundled: the CLI's entry and the commands must share one copy.
export { flush, handle, run } from '@oclif/core';
export * as core from '@oclif/core';
