// Bounds of what is read from a source. Sources are strangers' work: none may exhaust the machine, by accident or on purpose.

/** Bytes of one manifest. An API server takes objects of up to 3 MiB; bundles of many are larger. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** Bytes of all files that are read from one source. */
export const MAX_SOURCE_BYTES = 256 * 1024 * 1024;

/** Files and directories that are looked at in one source. */
export const MAX_ENTRIES = 200_000;

/** Levels of directories, those behind links included. */
export const MAX_DEPTH = 64;

/** Links that are followed to reach one file, as in Linux. */
export const MAX_LINKS = 40;

/** Bytes of a tree, commit or tag in git. A tree of a hundred thousand files has about 5 MB. */
export const MAX_GIT_OBJECT_BYTES = 32 * 1024 * 1024;

/** Bytes of a pack file that isomorphic-git may load into memory; larger ones are left to the git program. */
export const MAX_PACK_BYTES = 512 * 1024 * 1024;

/** Bytes that a remote may answer. */
export const MAX_FETCH_BYTES = MAX_PACK_BYTES;

/** How long a remote may take for one answer. */
export const REMOTE_TIMEOUT_MS = 5 * 60_000;
