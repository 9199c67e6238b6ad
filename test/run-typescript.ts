/** Options with which a process runs a TypeScript file: Node.js before 22.18 has to be asked to. */
export const RUN_TYPESCRIPT: readonly string[] =
  process.features.typescript === false
    ? ['--experimental-strip-types', '--disable-warning=ExperimentalWarning']
    : [];
