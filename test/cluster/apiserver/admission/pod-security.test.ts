// What the levels of PodSecurity refuse and warn of, in the words of a v1.36 API server.
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api/core/v1';
import type { KubernetesObject, Manifest } from '../../../../src/apimachinery/object.ts';
import { podToCheck } from '../../../../src/cluster/apiserver/admission/pod-security/check.ts';
import { detailsOf, policyOf, violationsOf, type Level } from '../../../../src/cluster/apiserver/admission/pod-security/policy.ts';
import { inProcess, refusal } from '../in-process.ts';

type Loose = Record<string, unknown>;
const spec = (container: Loose = {}, more: Loose = {}): Pod['spec'] =>
  ({ containers: [{ name: 'a', image: 'i', ...container }], ...more }) as Pod['spec'];
const says = (level: Level, pod: Pod['spec'], annotations: Record<string, string> = {}, version = 'latest'): string =>
  detailsOf(violationsOf({ level, version }, podToCheck({ annotations }, pod)));
const context = (securityContext: Loose): Loose => ({ securityContext });

describe('The level baseline', () => {
  it.each<[string, Pod['spec']]>([
    ['', spec()],
    ['host namespaces (hostNetwork=true, hostIPC=true)', spec({}, { hostNetwork: true, hostIPC: true })],
    ['privileged (container "a" must not set securityContext.privileged=true)', spec(context({ privileged: true }))],
    [
      'non-default capabilities (container "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
      spec(context({ capabilities: { add: ['SYS_ADMIN', 'NET_RAW', 'CHOWN'] } })),
    ],
    ['hostPath volumes (volumes "v", "w")', spec({}, { volumes: ['v', 'w'].map((name) => ({ name, hostPath: { path: '/' } })) })],
    ['hostPort (container "a" uses hostPorts 80, 8081)', spec({ ports: [80, 8081].map((hostPort) => ({ containerPort: 1, hostPort })) })],
    [
      'probe or lifecycle host (container "a" uses probe or lifecycle host "192.0.2.1")',
      spec({ livenessProbe: { tcpSocket: { port: 1, host: '192.0.2.1' } } }),
    ],
    ['procMount (container "a" must not set securityContext.procMount to "Unmasked")', spec(context({ procMount: 'Unmasked' }))],
    ['', spec(context({ procMount: 'Unmasked' }), { hostUsers: false })],
    [
      'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined"), forbidden sysctls (kernel.msgmax)',
      spec(
        context({ seccompProfile: { type: 'Unconfined' } }),
        context({ seccompProfile: { type: 'Unconfined' }, sysctls: [{ name: 'kernel.msgmax', value: '1' }] }),
      ),
    ],
    [
      'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "bad_t"; user may not be set; role may not be set)',
      spec(context({ seLinuxOptions: { role: 'r' } }), context({ seLinuxOptions: { type: 'bad_t', user: 'u' } })),
    ],
    [
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
      spec({}, context({ windowsOptions: { hostProcess: true } })),
    ],
  ])('%s', (expected, pod) => {
    expect(says('baseline', pod)).toBe(expected);
  });

  it('reads the annotations of before', () => {
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' };
    expect(says('baseline', spec(context({ appArmorProfile: { type: 'Unconfined' } })), annotations)).toBe(
      'forbidden AppArmor profiles (container "a" and annotation must not set AppArmor profile type to "Unconfined", ' +
        '"container.apparmor.security.beta.kubernetes.io/a="unconfined"")',
    );
    expect(says('baseline', spec(), { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }, 'v1.18')).toBe(
      'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    );
  });
});

describe('The level restricted', () => {
  const good = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'Localhost' },
  };

  it.each<[string, Pod['spec']]>([
    ['', spec(context(good))],
    [
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      spec(),
    ],
    ['runAsUser=0 (pod must not set runAsUser=0)', spec(context(good), context({ runAsUser: 0 }))],
    [
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
      spec(context({ ...good, runAsNonRoot: false }), context({ runAsNonRoot: true })),
    ],
    [
      'unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)',
      spec(context({ ...good, capabilities: { drop: ['ALL'], add: ['CHOWN', 'NET_BIND_SERVICE'] } })),
    ],
    [
      'restricted volume types (volumes "v", "w" use restricted volume types "iscsi", "nfs")',
      spec(context(good), {
        volumes: [
          { name: 'v', nfs: {} },
          { name: 'w', iscsi: {} },
          { name: 'x', emptyDir: {} },
        ],
      }),
    ],
    ['', spec(context({ runAsNonRoot: true }), { os: { name: 'windows' } })],
  ])('%s', (expected, pod) => {
    expect(says('restricted', pod)).toBe(expected);
  });

  it('asks less in older versions', () => {
    expect(says('restricted', spec(), {}, 'v1.7')).toBe(
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
    );
    expect(says('restricted', spec(context({ ...good, seccompProfile: undefined })), {}, 'v1.99')).toContain('seccompProfile');
  });
});

describe('The labels of a namespace', () => {
  it('warn of what they enforce, unless they say otherwise', () => {
    const { policy } = policyOf({
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/enforce-version': 'v1.20',
    });
    expect(policy.warn).toEqual({ level: 'baseline', version: 'v1.20' });
    expect(policyOf({ 'pod-security.kubernetes.io/enforce': 'nothing' }).policy.enforce.level).toBe('restricted');
  });

  it('are enforced for pods, warned of for workloads, and tell what is there already', async () => {
    const { client } = await inProcess();
    const namespace = 'strict';
    const warnings: string[] = [];
    const labelled = (labels: Loose): Loose => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
    const create = (object: Loose): Promise<KubernetesObject> =>
      client.create(`${object['apiVersion'] as string}/${object['kind'] as string}`, object as unknown as Manifest<KubernetesObject>, {
        onWarning: (warning) => warnings.push(warning),
      });
    const pod = (name: string): Loose => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: spec({}, { hostPID: true }),
    });
    await create(labelled({}));
    await create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
    await create(pod('first'));
    await create(pod('second'));
    await client.patch('v1/Namespace', namespace, labelled({ 'pod-security.kubernetes.io/enforce': 'baseline' }), {
      type: 'merge',
      onWarning: (warning) => warnings.push(warning),
    });
    expect(warnings.splice(0)).toEqual([
      'existing pods in namespace "strict" violate the new PodSecurity enforce level "baseline:latest"',
      'first (and 1 other pod): host namespaces',
    ]);
    expect(await refusal(create(pod('third')))).toBe(
      '403 pods "third" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    );
    await create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: spec({}, { hostPID: true }) },
      },
    });
    expect(warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
  });
});
