// Small charts for tests of the engine.
import type { Capabilities, EngineChart, Release } from '../../../../../src/reconcile/render/helm/engine/engine.ts';

export const RELEASE: Release = { name: 'r', namespace: 'n', revision: 1, isInstall: true, isUpgrade: false, service: 'Helm' };

export const CAPABILITIES: Capabilities = {
  kubeVersion: 'v1.36.3',
  apiVersions: ['v1', 'apps/v1', 'apps/v1/Deployment'],
  helmVersion: 'v3.19.0',
};

export interface ChartParts {
  readonly name?: string;
  readonly type?: EngineChart['type'];
  readonly templates: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly values?: Record<string, unknown>;
  readonly dependencies?: readonly EngineChart[];
}

export const chartOf = ({
  name = 'c',
  type = 'application',
  templates,
  files = {},
  values = {},
  dependencies = [],
}: ChartParts): EngineChart => ({
  name,
  metadata: { apiVersion: 'v2', name, version: '1.2.3', appVersion: '4.5', type },
  type,
  templates: new Map(Object.entries(templates)),
  files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
  values,
  dependencies,
});
