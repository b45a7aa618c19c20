// YAML that Kubernetes reads as it is meant: what YAML 1.1 would take for something else is quoted.
import { stringify } from 'yaml';

export const toYaml = (value: unknown): string => stringify(value, { compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false });
