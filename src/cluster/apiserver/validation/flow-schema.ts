// FlowSchemas: which requests belong to which priority level. Follows pkg/apis/flowcontrol/validation.
import type {
  FlowSchema,
  FlowSchemaCondition,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from '#api/flowcontrol/v1';
import {
  duplicate,
  forbidden,
  invalid,
  notSupported,
  Path,
  required,
  type FieldError,
} from '../../../apimachinery/validation/field-error.ts';
import { isDNS1123Label, isDNS1123Subdomain, nameIsDNSSubdomain } from '../../../apimachinery/validation/names.ts';
import { flowSchemas } from '../bootstrap/flow-control.ts';
import { check, checkDNS1123Label, checkDNS1123Subdomain } from './checks.ts';
import { PrintedInternal } from './internal-form.ts';
import { semanticEqual, validateCoreObjectMeta } from './object-meta.ts';

const SPEC = Path.of('spec');
const PRECEDENCE_MAX = 10000;
const METHODS = ['ByNamespace', 'ByUser'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

export function validateFlowSchema(schema: FlowSchema): FieldError[] {
  const errors = validateCoreObjectMeta(schema.metadata, false, nameIsDNSSubdomain, Path.of('metadata'));
  // a body may lack all of it
  const spec: Partial<FlowSchema['spec']> = schema.spec ?? {};
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec;
  checkPrecedence(schema.metadata.name, matchingPrecedence, errors);
  if (distinguisherMethod && !METHODS.includes(distinguisherMethod.type))
    errors.push(
      notSupported(
        SPEC.child('distinguisherMethod', 'type'),
        new PrintedInternal('flowcontrol/v1.FlowDistinguisherMethod', distinguisherMethod),
        METHODS,
      ),
    );
  const levelAt = SPEC.child('priorityLevelConfiguration', 'name');
  if (priorityLevelConfiguration?.name) checkDNS1123Subdomain(priorityLevelConfiguration.name, levelAt, errors);
  else errors.push(required(levelAt, 'must reference a priority level'));
  rules.forEach((rule, i) => checkRule(rule, SPEC.child('rules').index(i), errors));
  checkMandatory(schema, errors);
  validateFlowControlConditions(schema.status?.conditions, errors);
  return errors;
}

function checkPrecedence(name: string, precedence: number, errors: FieldError[]): void {
  const at = SPEC.child('matchingPrecedence');
  if (precedence <= 0) errors.push(invalid(at, precedence, 'must be a positive value'));
  if (precedence > PRECEDENCE_MAX) errors.push(invalid(at, precedence, `must not be greater than ${PRECEDENCE_MAX}`));
  if (precedence === 1 && name !== 'exempt')
    errors.push(invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
}

/** Two schemas the server relies on. */
function checkMandatory({ metadata: { name }, spec }: FlowSchema, errors: FieldError[]): void {
  if (name !== 'exempt' && name !== 'catch-all') return;
  const wanted = flowSchemas(0).find((schema) => schema.metadata.name === name)?.spec;
  if (!semanticEqual(spec, wanted))
    errors.push(invalid(SPEC, new PrintedInternal('flowcontrol/v1.FlowSchemaSpec', spec), `spec of '${name}' must equal the fixed value`));
}

function checkRule({ subjects, resourceRules, nonResourceRules }: PolicyRulesWithSubjects, field: Path, errors: FieldError[]): void {
  if (!subjects?.length) errors.push(required(field.child('subjects'), 'subjects must contain at least one value'));
  else subjects.forEach((subject, i) => checkSubject(subject, field.child('subjects').index(i), errors));
  if (!resourceRules?.length && !nonResourceRules?.length)
    errors.push(required(field, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  resourceRules?.forEach((rule, i) => checkResourceRule(rule, field.child('resourceRules').index(i), errors));
  nonResourceRules?.forEach((rule, i) => checkNonResourceRule(rule, field.child('nonResourceRules').index(i), errors));
}

const KINDS = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const;
/** In the order in which those that do not belong there are told. */
const MEMBERS = ['serviceAccount', 'user', 'group'] as const;
const kindOf = (member: string): string => member[0]!.toUpperCase() + member.slice(1);

function checkSubject(subject: Subject, field: Path, errors: FieldError[]): void {
  const { kind } = subject;
  if (!Object.hasOwn(KINDS, kind)) {
    errors.push(notSupported(field.child('kind'), kind, Object.keys(KINDS)));
    return;
  }
  const member = KINDS[kind as keyof typeof KINDS];
  const at = field.child(member);
  const named = subject[member];
  if (!named) errors.push(required(at, `${member} is required when subject kind is '${kind}'`));
  else if (member === 'serviceAccount') checkServiceAccount(named as ServiceAccountSubject, at, errors);
  else if (!named.name) errors.push(required(at.child('name')));
  for (const other of MEMBERS)
    if (other !== member && subject[other])
      errors.push(forbidden(field.child(other), `${other} is forbidden when subject kind is not '${kindOf(other)}'`));
}

function checkServiceAccount({ name, namespace }: ServiceAccountSubject, field: Path, errors: FieldError[]): void {
  if (!name) errors.push(required(field.child('name')));
  else if (name !== '*') check(isDNS1123Subdomain, name, field.child('name'), errors);
  if (namespace) checkDNS1123Label(namespace, field.child('namespace'), errors);
  else errors.push(required(field.child('namespace'), 'must specify namespace for service account'));
}

function checkVerbs(verbs: readonly string[] | undefined, field: Path, errors: FieldError[]): void {
  const at = field.child('verbs');
  if (!verbs?.length) errors.push(required(at, 'verbs must contain at least one value'));
  else if (verbs.includes('*')) checkAlone(verbs, 'verbs', at, errors);
  else if (verbs.some((verb) => !VERBS.includes(verb))) errors.push(notSupported(at, verbs, VERBS));
}

/** `*` stands for all, so there is nothing to add to it. */
function checkAlone(values: readonly string[], what: string, field: Path, errors: FieldError[]): void {
  if (values.length > 1 && values.includes('*')) errors.push(invalid(field, values, `if '*' is present, must not specify other ${what}`));
}

function checkResourceRule(rule: ResourcePolicyRule, field: Path, errors: FieldError[]): void {
  const { verbs, apiGroups, resources, namespaces, clusterScope } = rule;
  checkVerbs(verbs, field, errors);
  if (!apiGroups?.length) errors.push(required(field.child('apiGroups'), 'resource rules must supply at least one api group'));
  else checkAlone(apiGroups, 'api groups', field.child('apiGroups'), errors);
  if (!resources?.length) errors.push(required(field.child('resources'), 'resource rules must supply at least one resource'));
  else checkAlone(resources, 'resources', field.child('resources'), errors);
  const at = field.child('namespaces');
  if (!namespaces?.length) {
    if (!clusterScope) errors.push(required(at, 'resource rules that are not cluster scoped must supply at least one namespace'));
  } else if (namespaces.includes('*')) checkAlone(namespaces, 'namespaces', at, errors);
  else
    namespaces.forEach((namespace, i) => {
      for (const wrong of isDNS1123Label(namespace))
        errors.push(invalid(at.index(i), namespace, `each member of this list must be '*' or a DNS-1123 label; ${wrong}`));
    });
}

function checkNonResourceRule({ verbs, nonResourceURLs }: NonResourcePolicyRule, field: Path, errors: FieldError[]): void {
  checkVerbs(verbs, field, errors);
  const at = field.child('nonResourceURLs');
  if (!nonResourceURLs?.length) errors.push(required(at, 'nonResourceURLs must contain at least one value'));
  else if (nonResourceURLs.includes('*')) checkAlone(nonResourceURLs, 'non-resource URLs', at, errors);
  else
    nonResourceURLs.forEach((url, i) => {
      const wrong = wrongWithPath(url);
      if (wrong) errors.push(invalid(at.index(i), url, wrong));
    });
}

function wrongWithPath(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const stars = path.split('*').length - 1;
  return stars > 1 || (stars === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}

/** Of schemas and levels alike. */
export function validateFlowControlConditions(conditions: readonly FlowSchemaCondition[] | undefined, errors: FieldError[]): void {
  const seen = new Set<string>();
  conditions?.forEach(({ type = '' }, i) => {
    const at = Path.of('status', 'conditions').index(i).child('type');
    if (seen.has(type)) errors.push(duplicate(at, type));
    seen.add(type);
    if (!type) errors.push(required(at, 'must not be empty'));
  });
}
