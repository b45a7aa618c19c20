// Defaults of containers of all sorts: probes, lifecycle hooks, ports, environment. Follows pkg/apis/core/v1/defaults.go.
import type { Container, HTTPGetAction, Probe } from '#api/core/v1';
import type { Mutable } from '../../../apimachinery/object.ts';
import { defaultImagePullPolicy } from './image-pull-policy.ts';
import { roundResources } from './resource-list.ts';
import { setFieldRefDefaults } from './volume.ts';

/** @param container a container, an init container or an ephemeral one */
export function setContainerDefaults(container: Mutable<Container>): void {
  container.imagePullPolicy ||= defaultImagePullPolicy(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  roundResources(container.resources);
  if (container.ports) for (const port of container.ports) port.protocol ||= 'TCP';
  if (container.env) {
    for (const { valueFrom } of container.env) {
      if (!valueFrom) continue;
      setFieldRefDefaults(valueFrom.fieldRef);
      if (valueFrom.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
    }
  }
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setHttpGetDefaults(container.lifecycle?.postStart?.httpGet);
  setHttpGetDefaults(container.lifecycle?.preStop?.httpGet);
}

function setProbeDefaults(probe: Mutable<Probe> | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function setHttpGetDefaults(httpGet: Mutable<HTTPGetAction> | undefined): void {
  if (!httpGet) return;
  httpGet.path ||= '/';
  httpGet.scheme ||= 'HTTP';
}

/** What is limited and not requested is requested. Of pods only: in templates it stays as written. */
export function setRequestsFromLimits(container: Mutable<Container>): void {
  const limits = container.resources?.limits;
  if (!limits) return;
  const requests = (container.resources!.requests ??= {});
  for (const name in limits) requests[name] ??= limits[name]!;
}

/** In the host's network a port is the host's. Of pods only. */
export function setHostPorts(container: Mutable<Container>): void {
  if (container.ports) for (const port of container.ports) if (!port.hostPort && port.containerPort) port.hostPort = port.containerPort;
}
