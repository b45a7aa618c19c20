// The schema validator, in a module of its own that is loaded only when something is validated.
export { Ajv } from 'ajv';
