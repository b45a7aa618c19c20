// The functions of sprig (Masterminds/sprig v3) that give the same whenever they are called: no clock, no randomness, nothing of the machine.
// Dictionaries that a template makes can be changed by it; its data cannot.
import { SPRIG_DATA } from './sprig-data.ts';
import { SPRIG_NUMBERS } from './sprig-numbers.ts';
import { SPRIG_TEXT } from './sprig-text.ts';
import type { TemplateFunctions } from './functions.ts';

export const SPRIG: TemplateFunctions = { ...SPRIG_TEXT, ...SPRIG_NUMBERS, ...SPRIG_DATA };
