// Secrets and Namespaces. Follows SetDefaults_Secret and SetDefaults_Namespace, and the conversion of stringData, of pkg/apis/core/v1.
import type { Namespace, Secret } from '#api/core/v1';
import type { Mutable } from '../../../apimachinery/object.ts';

export function setSecretDefaults(secret: Mutable<Secret>): void {
  const { stringData } = secret;
  if (stringData) {
    const data = { ...secret.data };
    for (const [key, value] of Object.entries(stringData)) data[key] = Buffer.from(value).toString('base64');
    if (Object.keys(data).length) secret.data = data;
    delete secret.stringData;
  }
  secret.type ||= 'Opaque';
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

export function setNamespaceDefaults({ metadata }: Mutable<Namespace>): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}
