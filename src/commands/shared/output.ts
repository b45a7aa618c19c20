// A result in the format that was asked for.
import type { OutputFormat } from './base.ts';

/** @param text makes the words for people, when they are wanted */
export async function formatted(result: unknown, format: OutputFormat | string, text: () => string): Promise<string> {
  if (format === 'json') return JSON.stringify(result, null, 2);
  if (format === 'yaml') {
    const { toYaml } = await import('../../reconcile/report/yaml.ts');
    // what JSON leaves out is left out here too
    return toYaml(JSON.parse(JSON.stringify(result)));
  }
  return text();
}
