// PriorityLevelConfigurations: what share of the server a kind of requests has, and how they wait. Follows pkg/apis/flowcontrol/validation.
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  QueuingConfiguration,
} from '#api/flowcontrol/v1';
import { forbidden, invalid, Path, required, type FieldError } from '../../../apimachinery/validation/field-error.ts';
import { inclusiveRangeError, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { priorityLevels } from '../bootstrap/flow-control.ts';
import { checkEnum } from './checks.ts';
import { validateFlowControlConditions } from './flow-schema.ts';
import { PrintedInternal } from './internal-form.ts';
import { semanticEqual, validateCoreObjectMeta } from './object-meta.ts';

const SPEC = Path.of('spec');
const QUEUES_MAX = 10 * 1000 * 1000;
const HASH_BITS = 60;

export function validatePriorityLevel(level: PriorityLevelConfiguration): FieldError[] {
  const errors = validateCoreObjectMeta(level.metadata, false, nameIsDNSSubdomain, Path.of('metadata'));
  // a body may lack all of it
  const spec: Partial<PriorityLevelConfiguration['spec']> = level.spec ?? {};
  const { type = '', limited, exempt } = spec;
  if ((level.metadata.name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalid(SPEC.child('type'), type, "type must be 'Exempt' if and only if name is 'exempt'"));
  checkEnum(type, ['Exempt', 'Limited'], SPEC.child('type'), errors);
  if (type === 'Exempt') {
    if (limited) errors.push(forbidden(SPEC.child('limited'), 'must be nil if the type is not Limited'));
    if (!exempt) errors.push(required(SPEC.child('exempt'), 'must not be empty when type is Exempt'));
    else checkShares(exempt, SPEC.child('exempt'), errors);
  }
  if (type === 'Limited') {
    if (exempt) errors.push(forbidden(SPEC.child('exempt'), 'must be nil if the type is Limited'));
    if (!limited) errors.push(required(SPEC.child('limited'), 'must not be empty when type is Limited'));
    else checkLimited(limited, SPEC.child('limited'), errors);
  }
  checkMandatory(level, errors);
  validateFlowControlConditions(level.status?.conditions, errors);
  return errors;
}

/** Two levels the server relies on. Of `exempt`, administrators may set the shares. */
function checkMandatory({ metadata: { name }, spec }: PriorityLevelConfiguration, errors: FieldError[]): void {
  if (name !== 'exempt' && name !== 'catch-all') return;
  const wanted = priorityLevels().find((level) => level.metadata.name === name)?.spec;
  const { exempt, ...fixed } = wanted ?? {};
  const { exempt: given, ...rest } = spec ?? {};
  const same = semanticEqual(rest, fixed) && (name === 'exempt' || semanticEqual(given, exempt));
  const except = name === 'exempt' ? " except the 'spec.exempt' field" : '';
  if (!same)
    errors.push(
      invalid(
        SPEC,
        new PrintedInternal('flowcontrol/v1.PriorityLevelConfigurationSpec', spec),
        `spec of '${name}'${except} must equal the fixed value`,
      ),
    );
}

type Shares = ExemptPriorityLevelConfiguration | LimitedPriorityLevelConfiguration;

function checkShares({ nominalConcurrencyShares = 0, lendablePercent = 0 }: Shares, field: Path, errors: FieldError[]): void {
  if (nominalConcurrencyShares < 0)
    errors.push(invalid(field.child('nominalConcurrencyShares'), nominalConcurrencyShares, 'must be a non-negative integer'));
  if (lendablePercent < 0 || lendablePercent > 100)
    errors.push(invalid(field.child('lendablePercent'), lendablePercent, inclusiveRangeError(0, 100)));
}

function checkLimited(limited: LimitedPriorityLevelConfiguration, field: Path, errors: FieldError[]): void {
  checkShares(limited, field, errors);
  const { borrowingLimitPercent = 0, limitResponse } = limited;
  if (borrowingLimitPercent < 0)
    errors.push(invalid(field.child('borrowingLimitPercent'), borrowingLimitPercent, 'if specified, must be a non-negative integer'));
  checkLimitResponse(limitResponse, field.child('limitResponse'), errors);
}

function checkLimitResponse({ type, queuing }: Partial<LimitResponse> = {}, field: Path, errors: FieldError[]): void {
  checkEnum(type, ['Queue', 'Reject'], field.child('type'), errors);
  const at = field.child('queuing');
  if (type === 'Reject' && queuing) errors.push(forbidden(at, 'must be nil if limited.limitResponse.type is not Limited'));
  if (type !== 'Queue') return;
  if (!queuing) errors.push(required(at, 'must not be empty if limited.limitResponse.type is Limited'));
  else checkQueuing(queuing, at, errors);
}

function checkQueuing({ queues, handSize, queueLengthLimit }: QueuingConfiguration, field: Path, errors: FieldError[]): void {
  if (queueLengthLimit <= 0) errors.push(invalid(field.child('queueLengthLimit'), queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(invalid(field.child('queues'), queues, 'must be positive'));
  else if (queues > QUEUES_MAX) errors.push(invalid(field.child('queues'), queues, `must not be greater than ${QUEUES_MAX}`));
  const at = field.child('handSize');
  if (handSize <= 0) errors.push(invalid(at, handSize, 'must be positive'));
  else if (handSize > queues) errors.push(invalid(at, handSize, `should not be greater than queues (${queues})`));
  else if (entropyBits(queues, handSize) > HASH_BITS)
    errors.push(
      invalid(at, handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`),
    );
}

/** How many bits it takes to deal a hand of queues. */
const entropyBits = (queues: number, handSize: number): number => Math.ceil(Math.log2(queues) * handSize);
