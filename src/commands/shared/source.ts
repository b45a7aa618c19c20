// The source that a command reads, as its argument and flags say.
import path from 'node:path';
import { Args, Flags } from '@oclif/core';
import { RealClock } from '../../apimachinery/clock.ts';
import type { SourceDeps, SourceSpec } from '../../reconcile/source/source.ts';
import type { ChartFlags } from './chart.ts';
import { jibeHome } from './target.ts';

export const sourceArg = Args.string({
  name: 'source',
  description: 'A directory, a file, - for standard input, a git repository or a git URL.',
  required: true,
});

export const sourceFlags = {
  ref: Flags.string({ summary: 'Branch, tag, commit or range of versions of a git repository.', helpValue: 'REF', helpGroup: 'SOURCE' }),
  path: Flags.string({ summary: 'A directory or file inside the source.', helpValue: 'PATH', helpGroup: 'SOURCE' }),
  include: Flags.string({ summary: 'Only files that match.', helpValue: 'GLOB', multiple: true, helpGroup: 'SOURCE' }),
  exclude: Flags.string({ summary: 'No files that match.', helpValue: 'GLOB', multiple: true, helpGroup: 'SOURCE' }),
  'allow-remote': Flags.boolean({
    summary: 'Fetch what sources name elsewhere: repositories at a commit or a tag, files over https, charts.',
    helpGroup: 'SOURCE',
  }),
  verify: Flags.string({
    summary: 'Commits, or the tags that name them, must be signed with a trusted key.',
    options: ['gpg', 'ssh'],
    dependsOn: ['trusted-keys'],
    helpGroup: 'SOURCE',
  }),
  'trusted-keys': Flags.string({
    summary: 'The keys: for gpg as it exports public keys, for ssh a file of allowed signers.',
    helpValue: 'FILE',
    dependsOn: ['verify'],
    helpGroup: 'SOURCE',
  }),
};

export interface SourceFlags extends ChartFlags {
  readonly ref?: string | undefined;
  readonly path?: string | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly 'allow-remote'?: boolean | undefined;
  readonly verify?: string | undefined;
  readonly 'trusted-keys'?: string | undefined;
}

export function sourceSpec(location: string, { ref, path: inside, include, exclude }: SourceFlags): SourceSpec {
  return {
    location,
    ...(ref === undefined ? {} : { ref }),
    ...(inside === undefined ? {} : { path: inside }),
    ...(include ? { include } : {}),
    ...(exclude ? { exclude } : {}),
  };
}

/** @param flags of signatures that are asked for, and of what may be fetched */
export const sourceDeps = ({ verify, 'trusted-keys': trustedKeys, 'allow-remote': allowRemote }: SourceFlags = {}): SourceDeps => ({
  clock: new RealClock(),
  stdin: process.stdin,
  cacheDirectory: path.join(jibeHome(), 'repositories'),
  ...(allowRemote ? { allowRemote } : {}),
  ...(verify === undefined || trustedKeys === undefined ? {} : { signatures: { format: verify as 'gpg' | 'ssh', trustedKeys } }),
});

/** Of a source that defines several. */
export const onlyAppFlag = Flags.string({
  summary: 'Of the apps that the source defines, only this one.',
  helpValue: 'NAME',
  helpGroup: 'APP',
});

export const namespaceFlag = Flags.string({
  char: 'n',
  summary: 'Where objects go that name no namespace.',
  helpValue: 'NAMESPACE',
  default: 'default',
  helpGroup: 'APP',
});

export const appFlags = {
  app: Flags.string({
    summary: 'What the objects together are called; by default after the source. Where the source defines apps, only this one.',
    helpValue: 'NAME',
    helpGroup: 'APP',
  }),
  namespace: namespaceFlag,
};

export const createNamespaceFlag = Flags.boolean({
  summary: 'Make the namespace of -n where nothing else has made it.',
  description: 'It belongs to no app, and stays. Not for sources that define apps: there their definitions say it.',
  helpGroup: 'APP',
});

export const ignoreDifferenceFlag = Flags.string({
  summary: 'Fields that are left as they are, and make no difference.',
  description:
    '`KIND[.GROUP][/NAME]:FIELDS`: `Deployment/web:/spec/replicas` (a JSON pointer), `Secret:.data.token` (a path of jq), `*:manager=x` (all that a manager owns). May be given several times. Not for sources that define apps: there their definitions say it.',
  helpValue: 'RULE',
  multiple: true,
  helpGroup: 'APP',
});

/** @param description what is particular to the command */
export const assumeKindsFlag = (description: string, helpGroup?: string) =>
  Flags.boolean({
    summary: 'Custom resources that nothing defines: take them as they stand, whatever fields they have.',
    description,
    ...(helpGroup === undefined ? {} : { helpGroup }),
  });

/** After the last part of what was named: a repository, a directory, a file. */
export function appName(location: string, inside: string | undefined): string {
  if (location === '-') return 'stdin';
  const last = (text: string): string => path.basename(text.replace(/[/\\]+$/, '')).replace(/\.(?:git|ya?ml|json)$/, '');
  const whole = [last(/^[a-z+]+:\/\/|^[^/]+@[^/]+:/.test(location) ? location : path.resolve(location)), ...(inside ?? '').split('/')];
  const name = whole
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 50)
    .replace(/[^a-z0-9]+$/, '');
  return name || 'app';
}
