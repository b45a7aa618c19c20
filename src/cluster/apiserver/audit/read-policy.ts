// A Policy out of a file. Follows the loading and the validation of audit policies in k8s.io/apiserver, and refuses what it does not know.
import { isObject, type JsonObject } from '../../../apimachinery/object.ts';
import { splitYaml } from '../../../apimachinery/yaml/documents.ts';
import { readYaml } from '../../../apimachinery/yaml/read.ts';
import { LEVELS, STAGES, type Policy } from './policy.ts';

/** What is wrong with a policy; each message tells the field. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

const POLICY_FIELDS = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'];
const LISTS = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'];
const RULE_FIELDS = [...LISTS, 'level', 'resources', 'omitManagedFields'];
const RESOURCE_FIELDS = ['group', 'resources', 'resourceNames'];

/** Throws a {@link PolicyError} that tells everything that is wrong. */
export async function readPolicy(text: string): Promise<Policy> {
  const [document] = splitYaml(text, 1);
  const read = document ? await readYaml(document.text) : undefined;
  if (!read) throw new PolicyError('it is empty');
  if (read.faults) throw new PolicyError(read.faults.map(({ message }) => message).join('; '));
  const policy = read.value;
  if (!isObject(policy)) throw new PolicyError('it is not an object');
  if (policy['apiVersion'] !== 'audit.k8s.io/v1' || policy['kind'] !== 'Policy')
    throw new PolicyError('it is not a Policy of audit.k8s.io/v1');
  const wrong: string[] = [];
  unknownFields(policy, POLICY_FIELDS, '', wrong);
  checkStrings(policy, 'omitStages', '', wrong);
  checkStages(policy, '', wrong);
  const { rules } = policy;
  if (!Array.isArray(rules) || rules.length === 0) wrong.push('rules: there are none');
  else for (const [i, rule] of rules.entries()) checkRule(rule, `rules[${i}]`, wrong);
  if (wrong.length) throw new PolicyError(wrong.join('; '));
  return policy as unknown as Policy;
}

function checkRule(rule: unknown, at: string, wrong: string[]): void {
  if (!isObject(rule)) return void wrong.push(`${at}: it is not an object`);
  unknownFields(rule, RULE_FIELDS, `${at}.`, wrong);
  if (!LEVELS.includes(rule['level'] as never)) wrong.push(`${at}.level: it must be one of ${LEVELS.join(', ')}`);
  for (const list of LISTS) checkStrings(rule, list, `${at}.`, wrong);
  checkStages(rule, `${at}.`, wrong);
  const { resources = [], namespaces = [], nonResourceURLs = [] } = rule;
  if (!Array.isArray(resources)) wrong.push(`${at}.resources: it is not a list`);
  else for (const [i, one] of resources.entries()) checkResources(one, `${at}.resources[${i}]`, wrong);
  const urls = strings(nonResourceURLs);
  if (urls.length && ((resources as unknown[]).length || strings(namespaces).length))
    wrong.push(`${at}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`);
  for (const [i, url] of urls.entries()) {
    if (url === '*') continue;
    if (!url.startsWith('/')) wrong.push(`${at}.nonResourceURLs[${i}]: non-resource URL rules must begin with a '/' character`);
    if (url.slice(0, -1).includes('*'))
      wrong.push(`${at}.nonResourceURLs[${i}]: non-resource URL wildcards '*' must be the final character of the rule`);
  }
}

function checkResources(one: unknown, at: string, wrong: string[]): void {
  if (!isObject(one)) return void wrong.push(`${at}: it is not an object`);
  unknownFields(one, RESOURCE_FIELDS, `${at}.`, wrong);
  for (const list of ['resources', 'resourceNames']) checkStrings(one, list, `${at}.`, wrong);
  const { group = '', resourceNames = [], resources = [] } = one;
  if (typeof group !== 'string' || group.includes('/')) wrong.push(`${at}.group: it must be the name of a group, without a version`);
  if (strings(resourceNames).length && !strings(resources).length)
    wrong.push(`${at}.resourceNames: using resourceNames requires at least one resource`);
}

function unknownFields(object: JsonObject, known: readonly string[], at: string, wrong: string[]): void {
  for (const field of Object.keys(object)) if (!known.includes(field)) wrong.push(`${at}${field}: there is no such field`);
}

function checkStrings(object: JsonObject, field: string, at: string, wrong: string[]): void {
  const value = object[field];
  if (value === undefined || (Array.isArray(value) && value.every((v) => typeof v === 'string'))) return;
  wrong.push(`${at}${field}: it is not a list of strings`);
}

function checkStages(object: JsonObject, at: string, wrong: string[]): void {
  for (const stage of strings(object['omitStages']))
    if (!STAGES.includes(stage as never)) wrong.push(`${at}omitStages: ${JSON.stringify(stage)} is none of ${STAGES.join(', ')}`);
}

const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((v) => typeof v === 'string') : []);
