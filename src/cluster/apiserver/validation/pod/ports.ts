// Ports of containers. Follows pkg/apis/core/validation.
import type { Container, ContainerPort } from '#api/core/v1';
import { duplicate, invalid, required, type FieldError, type Path } from '../../../../apimachinery/validation/field-error.ts';
import { isValidPortName, isValidPortNum } from '../../../../apimachinery/validation/names.ts';
import { checkEnum } from '../checks.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateContainerPorts(ports: readonly ContainerPort[], field: Path, errors: FieldError[]): void {
  const names = new Set<string>();
  ports.forEach(({ name, containerPort, hostPort, protocol }, i) => {
    const at = field.index(i);
    if (name) {
      const wrong = isValidPortName(name);
      for (const message of wrong) errors.push(invalid(at.child('name'), name, message));
      if (wrong.length === 0) {
        if (names.has(name)) errors.push(duplicate(at.child('name'), name));
        names.add(name);
      }
    }
    if (!containerPort) errors.push(required(at.child('containerPort')));
    else checkPort(containerPort, at.child('containerPort'), errors);
    if (hostPort) checkPort(hostPort, at.child('hostPort'), errors);
    checkEnum(protocol, PROTOCOLS, at.child('protocol'), errors);
  });
}

export function checkPort(port: number, field: Path, errors: FieldError[]): void {
  for (const wrong of isValidPortNum(port)) errors.push(invalid(field, port, wrong));
}

/** A number, or the name of a port. */
export function checkPortNumOrName(port: number | string, field: Path, errors: FieldError[]): void {
  if (typeof port === 'number') checkPort(port, field, errors);
  else for (const wrong of isValidPortName(port)) errors.push(invalid(field, port, wrong));
}

/** Containers that run at the same time cannot have the same port of the host. @param field of the list of containers */
export function checkHostPortConflicts(containers: readonly Container[], field: Path, errors: FieldError[]): void {
  let taken: Set<string> | undefined;
  containers.forEach(({ ports = [] }, c) => {
    ports.forEach(({ hostPort, protocol = '', hostIP = '' }, p) => {
      if (!hostPort) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      taken ??= new Set();
      if (taken.has(key)) errors.push(duplicate(field.index(c).child('ports').index(p).child('hostPort'), key));
      taken.add(key);
    });
  });
}

/** In the host's network both ports are one. In a template the host's port may be left out. */
export function checkHostNetworkPorts(containers: readonly Container[], resourceIsPod: boolean, field: Path, errors: FieldError[]): void {
  containers.forEach(({ ports = [] }, c) => {
    ports.forEach(({ hostPort = 0, containerPort }, p) => {
      if ((resourceIsPod || hostPort !== 0) && hostPort !== containerPort)
        errors.push(
          invalid(
            field.index(c).child('ports').index(p).child('hostPort'),
            hostPort,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        );
    });
  });
}
