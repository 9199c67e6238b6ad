import { activeScope } from '@milepost/core/hooks';
import { WRITTEN_ITEMS_KEY_VALUES, type WrittenItemsKey } from '@milepost/semconv/schemas';
import { withBoundedReads } from './bounded-reads.ts';
import { RunClaims } from './claims.ts';
import { type RegistryClock, systemClock } from './clock.ts';
import { disconnectRegistry } from './connect-registry.ts';
import { Directories } from './directories.ts';
import { DURABILITY_VALUES, type Durability, withDurability } from './durability.ts';
import { EventRecorder } from './event-recorder.ts';
import { type RegistryFileSystem, nodeFileSystem } from './file-system.ts';
import { type ChecksumHistory } from './find-checksum.ts';
import { findOutputsOf } from './find-outputs.ts';
import { importLegacy } from './import-legacy.ts';
import { withReadsInside } from './inside-reads.ts';
import { LatestLinks } from './latest-links.ts';
import { Layout } from './layout.ts';
import { listRunFiles } from './list-run-files.ts';
import { listSources } from './list-sources.ts';
import { finishPruning } from './prune-remains.ts';
import { pruneRuns } from './prune.ts';
import { rebuildAll, rebuildOne } from './rebuild.ts';
import { RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment, reportProblem } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { RegistryReader } from './registry-reader.ts';
import { type Registry } from './registry.ts';
import { Repairs } from './repairs.ts';
import { writeResultFile } from './results.ts';
import { RunIndex } from './run-index.ts';
import { saveSourceFiles } from './save-source-files.ts';
import { type SourceUpload, saveSourceJob } from './save-source.ts';
import { saveStep } from './save-step.ts';
import { withSegmentMarks } from './segment-marks.ts';
import { verifySource } from './verify-source.ts';
import { verifyRegistry } from './verify.ts';
import { Watches } from './watches.ts';

const DEFAULT_MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** The values of {@link OnRegistryError}. */
export const ON_REGISTRY_ERROR_VALUES = ['report', 'throw'] as const;
/** What closing a registry does where not everything could be written. */
export type OnRegistryError = (typeof ON_REGISTRY_ERROR_VALUES)[number];

/** How a registry is opened. */
export interface RegistryOptions {
  /** The directory that holds `analytics` and `sources`. Default: `data`. */
  readonly root?: string;
  /** The key of item collections in the files that are written. Readers take both. Default: `items`. */
  readonly itemsKey?: WrittenItemsKey;
  /**
   * What acknowledged records survive: a power cut too (`disk`), or the end of the process alone (`os`), which costs no
   * wait for the disk. Default: `disk`.
   */
  readonly durability?: Durability;
  /**
   * Most bytes of records of all runs that may wait for the disk. Beyond that the oldest runs that ended are given up,
   * then what comes is dropped; both are reported. Default: 64 MiB.
   */
  readonly maxPendingBytes?: number;
  /**
   * What `close` does about what could not be written: `report` leaves it at the report (diag, `health`), so that no
   * pipeline fails for its record; `throw` rejects. `flush` and `saveStepMetadata` reject in any case: they answer whether
   * it is on disk. Default: `report`.
   */
  readonly onError?: OnRegistryError;
  /**
   * Whether queries keep an index in `.milepost/index.sqlite`; without one they read every run. Default: where there are
   * many runs, and Node has SQLite without a warning. True: wherever SQLite can be had.
   */
  readonly index?: boolean;
  /** Default: the process's own. */
  readonly clock?: RegistryClock;
  /** Default: Node's own. */
  readonly fs?: RegistryFileSystem;
}

function assertOneOf(name: string, values: readonly string[], value: string): void {
  if (values.includes(value)) return;
  const message = `${name}: expected ${values.join(' or ')}, got ${JSON.stringify(value)}`;
  throw new RegistryError('invalid_argument', message);
}

function environmentOf(options: RegistryOptions): RegistryEnvironment {
  const { root = 'data', itemsKey = 'items', durability = 'disk', clock = systemClock } = options;
  if (typeof root !== 'string' || root === '' || root.includes('\0')) {
    throw new RegistryError('invalid_argument', 'root: expected the path of a directory');
  }
  assertOneOf('itemsKey', WRITTEN_ITEMS_KEY_VALUES, itemsKey);
  assertOneOf('durability', DURABILITY_VALUES, durability);
  const layout = new Layout(root);
  const inside = withReadsInside(options.fs ?? nodeFileSystem, layout.root);
  const files = withDurability(withBoundedReads(inside), durability);
  const fs = withSegmentMarks(files, layout);
  return {
    fs,
    clock,
    layout,
    directories: new Directories(fs, layout.root),
    itemsKey,
    maxPendingBytes: options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES,
  };
}

/**
 * Opens a registry. Nothing is created on disk until something is recorded.
 * @throws {RegistryError} `invalid_argument`
 */
export function openRegistry(options: RegistryOptions = {}): Registry {
  const environment = environmentOf(options);
  const { onError = 'report' } = options;
  assertOneOf('onError', ON_REGISTRY_ERROR_VALUES, onError);
  const { layout, clock, itemsKey } = environment;
  const recorders = new RecorderPool(environment);
  const events = new EventRecorder(environment, recorders);
  const index = new RunIndex(environment, options.index);
  const reader = new RegistryReader(environment, recorders, index);
  const watches = new Watches(environment, reader);
  const claims = new RunClaims(
    environment,
    (runId) => recorders.stateOf(runId),
    () => recorders.runIds(),
    (runId) => recorders.pendingOf(runId),
  );
  const links = new LatestLinks(environment);
  const repairs = new Repairs(environment, recorders, (id) => reader.findRunId(id));
  const findChecksum = (sha256: string): Promise<ChecksumHistory> => reader.findChecksum(sha256);
  const saveSource = (upload: SourceUpload): Promise<string> => {
    const claim = (): string => claims.claimRunId('timestamp', new Date(clock.now()));
    return saveSourceJob(environment, links, claim, upload);
  };
  let closing: Promise<void> | undefined;

  const close = (): Promise<void> => {
    closing ??= (async () => {
      watches.close();
      await events.settle();
      disconnectRegistry(registry);
      events.close();
      try {
        await recorders.close().catch((error: unknown) => {
          // It was told to diag, and what is lost is counted.
          if (onError === 'throw') throw error;
        });
      } finally {
        await index.close();
      }
    })();
    return closing;
  };

  const registry: Registry = {
    root: layout.root,
    itemsKey,
    get isClosed() {
      return events.isClosed;
    },
    listener: events,
    runStore: claims,
    listRuns: (selection = {}) => reader.listRuns(selection),
    readRun: (idOrAlias) => reader.readRun(idOrAlias),
    watch: (options = {}) => watches.watch(options),
    findItem: (itemId) => reader.findItem(itemId),
    findRunsForChecksum: (sha256) => reader.findChecksum(sha256),
    diffRuns: (before, after) => reader.diffRuns(before, after),
    findOutputsOf: (file) => findOutputsOf(environment, findChecksum, file),
    listRunFiles: (run, options = {}) =>
      listRunFiles(environment, (id) => reader.readRun(id), run, options),
    verify: async (options = {}) => {
      await recorders.flushJournals();
      return verifyRegistry(environment, reader, options);
    },
    verifySource: (jobId, options = {}) => verifySource(environment, jobId, options),
    listSources: () => listSources(environment),
    writeResult: async (itemId, name, data) => {
      const scope = activeScope();
      const written = await writeResultFile(environment, scope, itemId, name, data);
      if (scope !== undefined) events.outputWritten(scope, itemId, written);
      return written;
    },
    saveSource,
    saveSourceFiles: (files) => saveSourceFiles(environment, files, saveSource),
    saveStepMetadata: (step, jobId, metadata) => saveStep(recorders, clock, step, jobId, metadata),
    getStepMetadata: (step, jobId) => reader.getStepMetadata(step, jobId),
    getCentralRegistry: (jobId) => reader.getCentralRegistry(jobId),
    listAllJobs: (selection = {}) => reader.listAllJobs(selection),
    getLatestJob: async (selection = {}) =>
      (await reader.listAllJobs({ ...selection, limit: 1 }))[0],
    getJobPipelineStatus: (jobId) => reader.getJobPipelineStatus(jobId),
    findJobsForItem: (itemId) => reader.findJobsForItem(itemId),
    findJobsForCitekey: (citekey) => reader.findJobsForItem(citekey),
    prune: async (options) => {
      await recorders.flushJournals();
      return pruneRuns(environment, (runId) => recorders.has(runId), options);
    },
    rebuildCentralRegistry: async () => {
      (await finishPruning(environment)).forEach(reportProblem);
      const hubs = await rebuildAll(environment, recorders);
      await index.renew();
      return hubs;
    },
    rebuildRun: async (idOrAlias) => {
      const runId = await reader.findRunId(idOrAlias);
      if (runId !== undefined) await rebuildOne(environment, recorders, runId);
      return runId;
    },
    importLegacy: (directory, options = {}) =>
      importLegacy(environment, recorders, links, directory, options),
    planRepair: (idOrAlias, options = {}) => repairs.plan(idOrAlias, options.status),
    repairRun: (idOrAlias, decision) => repairs.repair(idOrAlias, decision),
    repairedSpans: (idOrAlias) => repairs.spans(idOrAlias),
    recordRepairSent: (idOrAlias, spans) => repairs.noteSent(idOrAlias, spans),
    flush: async () => {
      await events.settle();
      await recorders.flush();
    },
    flushSync: () => {
      events.settleNow();
      recorders.flushSync();
    },
    health: () => recorders.health(),
    close,
    [Symbol.asyncDispose]: close,
  };
  return registry;
}
