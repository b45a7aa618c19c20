// What the CLI's entry needs of oclif, to be bundled with the commands: they must share one copy.
export { flush, handle, run } from '@oclif/core';
