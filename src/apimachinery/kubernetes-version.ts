// The release of Kubernetes that the embedded one is like.

export const KUBERNETES_VERSION = 'v1.36.3';
