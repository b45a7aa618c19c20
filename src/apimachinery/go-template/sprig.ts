// The functions of sprig (Masterminds/sprig v3) that give the same whenever they are called: no clock, no randomness, nothing of the machine.
import { SPRIG_DATES } from './sprig/dates.ts';
import { SPRIG_DICTS } from './sprig/dicts.ts';
import { SPRIG_ENCODING } from './sprig/encoding.ts';
import { SPRIG_JSON } from './sprig/json.ts';
import { SPRIG_LISTS } from './sprig/lists.ts';
import { SPRIG_NUMBERS } from './sprig/numbers.ts';
import { SPRIG_PATHS } from './sprig/paths.ts';
import { SPRIG_REGEXP } from './sprig/regexp.ts';
import { SPRIG_SEMVER } from './sprig/semver.ts';
import { SPRIG_TEXT } from './sprig/text.ts';
import { SPRIG_URL } from './sprig/url.ts';
import { SPRIG_VALUES } from './sprig/values.ts';
import type { TemplateFunctions } from './signature.ts';

export const SPRIG: TemplateFunctions = {
  ...SPRIG_TEXT,
  ...SPRIG_NUMBERS,
  ...SPRIG_LISTS,
  ...SPRIG_DICTS,
  ...SPRIG_VALUES,
  ...SPRIG_JSON,
  ...SPRIG_ENCODING,
  ...SPRIG_REGEXP,
  ...SPRIG_SEMVER,
  ...SPRIG_PATHS,
  ...SPRIG_URL,
  ...SPRIG_DATES,
};
