// The audit log of a served cluster as a file: what is in it, and where. Loaded only where there is one.
import fs from 'node:fs';
import type { AuditOptions } from './apiserver/audit/audit-log.ts';
import { DEFAULT_POLICY, type Policy } from './apiserver/audit/policy.ts';
import { PolicyError, readPolicy } from './apiserver/audit/read-policy.ts';

export interface AuditFiles {
  /** Where Events are added at the end; made where it is not there, for its owner only. */
  readonly log: string;
  /** A Policy of audit.k8s.io/v1. Without it: who did what to which object, and never what objects hold. */
  readonly policy?: string;
}

export interface AuditFile extends AuditOptions {
  close(): void;
}

/** Something is wrong with one of the files. */
export class AuditFileError extends Error {
  override readonly name = 'AuditFileError';
}

/** Throws an {@link AuditFileError}. An Event is in the file before its request is answered. */
export async function openAuditFile({ log, policy: policyFile }: AuditFiles): Promise<AuditFile> {
  const policy = policyFile === undefined ? DEFAULT_POLICY : await policyIn(policyFile);
  const file = reading(log, () => fs.openSync(log, 'a', 0o600));
  return { policy, sink: (line) => void fs.writeSync(file, `${line}\n`), close: () => fs.closeSync(file) };
}

async function policyIn(file: string): Promise<Policy> {
  const text = reading(file, () => fs.readFileSync(file, 'utf8'));
  try {
    return await readPolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) throw new AuditFileError(`audit policy ${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function reading<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AuditFileError(`${file} cannot be opened: ${code ?? String(error)}`, { cause: error });
  }
}
