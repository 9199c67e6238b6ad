import { isRunId } from '@milepost/run-id';
import { type Anomaly, anomaliesOf } from './anomalies.ts';
import { type ChecksumHistory } from './find-checksum.ts';
import { type Finding, finding } from './finding.ts';
import { isoTime } from './iso-time.ts';
import { verifyLeftoverFiles } from './leftover-files.ts';
import { type LoadedRun, loadRun } from './load-run.ts';
import { lostStages } from './lost-stages.ts';
import { mapLimited } from './map-limited.ts';
import { messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { allRunIds, jobIdsIn } from './run-ids.ts';
import { verifyDerived } from './verify-derived.ts';
import { verifyJournal } from './verify-journal.ts';
import { verifyLinks } from './verify-links.ts';
import { NamedFiles, verifyOutputs } from './verify-outputs.ts';
import { verifyPruned } from './verify-pruned.ts';
import { verifySourceOfRun } from './verify-source-of-run.ts';
import { readUpload, verifyUpload } from './verify-source.ts';
import { withdrawnRepairs } from './withdrawn-repairs.ts';

/** What is verified. */
export interface VerifyOptions {
  /** ID of one run, an alias of it, or `latest`. Default: the whole registry, uploads too. */
  readonly run?: string;
  /** Whether the files of outputs and uploads are read through. Default: true. */
  readonly files?: boolean;
}

/** What was verified, and what is not as it should be. */
export interface VerifyReport {
  readonly runs: number;
  readonly uploads: number;
  /** Files that were read through to compare their checksums. */
  readonly files: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** Whether nothing is wrong. Notes do not count. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

const CONTRADICTIONS: Readonly<Record<Anomaly['kind'], string>> = {
  run_started_twice: 'the run began more than once',
  run_ended_twice: 'the run ended more than once',
  stage_started_twice: 'an execution of a stage began more than once',
  stage_ended_twice: 'an execution of a stage ended more than once',
  execution_of_two_stages: 'one execution is told of two stages or attempts',
};

function contradictionText({ kind, runAttempt, executionId, records }: Anomaly): string {
  const told = records.map((record) =>
    'status' in record ? `${record.status} at ${isoTime(record.time)}` : isoTime(record.time),
  );
  const which = executionId === undefined ? '' : `, execution ${executionId}`;
  return `${CONTRADICTIONS[kind]} (attempt ${runAttempt}${which}): ${told.join(', ')}`;
}

function lostFindings(run: LoadedRun, journal: string): readonly Finding[] {
  const lost = run.liveness?.lost;
  const whole = lost === undefined ? [] : [['the run', lost] as const];
  const stages = [...lostStages(run)].map(
    ([stage, evidence]) => [`stage ${stage}`, evidence] as const,
  );
  return [...whole, ...stages].map(([what, { reason, lastHeartbeat }]) => {
    const message = `${what} has no end: ${reason}; last sign of life ${isoTime(lastHeartbeat)}`;
    return finding('lost', journal, run.runId, message);
  });
}

/** What is told once: a file that cannot be read is not, besides, one that was changed. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const unreadable = new Set(
    findings.filter(({ kind }) => kind === 'unreadable').map(({ path }) => path),
  );
  const told = new Set<string>();
  return findings.filter(({ kind, path, message }) => {
    if (kind === 'changed' && unreadable.has(path)) return false;
    const text = JSON.stringify([kind, path, message]);
    if (told.has(text)) return false;
    told.add(text);
    return true;
  });
}

/**
 * Verifies a registry, or one run of it.
 * @throws {RegistryError} `run_not_found`
 */
export async function verifyRegistry(
  environment: RegistryEnvironment,
  reader: VerifierReads,
  { run, files = true }: VerifyOptions,
): Promise<VerifyReport> {
  const verifier = new Verifier(environment, reader, files);
  if (run === undefined) return verifier.all();
  const runId = await reader.findRunId(run);
  if (runId !== undefined) return verifier.run(runId);
  const message = `no run ${JSON.stringify(run.slice(0, 200))} in ${environment.layout.root}`;
  throw new RegistryError('run_not_found', message);
}

/** What verifying asks of the registry besides its files. */
interface VerifierReads {
  findRunId(idOrAlias: string): Promise<string | undefined>;
  findChecksum(sha256: string): Promise<ChecksumHistory>;
}

class Verifier {
  readonly #environment: RegistryEnvironment;
  readonly #files: NamedFiles;
  readonly #withFiles: boolean;
  readonly #findChecksum: (sha256: string) => Promise<ChecksumHistory>;

  constructor(environment: RegistryEnvironment, reader: VerifierReads, withFiles: boolean) {
    this.#environment = environment;
    this.#files = new NamedFiles(environment);
    this.#findChecksum = (sha256) => reader.findChecksum(sha256);
    this.#withFiles = withFiles;
  }

  /** One run alone. */
  async run(runId: string): Promise<VerifyReport> {
    const { runIds, findings } = await verifyPruned(this.#environment, runId);
    const ofRun = runIds.has(runId) ? [] : await this.#verifyRun(runId);
    return this.#report(1, 0, [...findings, ...ofRun]);
  }

  /** Every run and upload. */
  async all(): Promise<VerifyReport> {
    const { layout } = this.#environment;
    const problems: Problem[] = [];
    const runIds = (await allRunIds(this.#environment, problems)).toSorted();
    const uploadIds = (await jobIdsIn(this.#environment, layout.sources, problems)).toSorted();
    const findings = problems.map(({ path, message }) =>
      finding('unreadable', path, undefined, message),
    );
    const pruned = await verifyPruned(this.#environment);
    findings.push(...pruned.findings);
    const whole = runIds.filter((runId) => !pruned.runIds.has(runId));
    const ofRuns = await mapLimited(whole, (runId) => this.#verifyRun(runId));
    for (const found of ofRuns) findings.push(...found);
    for (const jobId of uploadIds) findings.push(...(await this.#verifyUpload(jobId)));
    findings.push(...(await verifyLinks(this.#environment)));
    findings.push(...(await verifyLeftoverFiles(this.#environment)));
    return this.#report(runIds.length, uploadIds.length, findings);
  }

  #report(runs: number, uploads: number, all: readonly Finding[]): VerifyReport {
    const findings = distinct(all);
    const { files, bytes } = this.#files;
    const ok = findings.every(({ severity }) => severity === 'note');
    return { runs, uploads, files, bytes, ok, findings };
  }

  async #verifyRun(runId: string): Promise<readonly Finding[]> {
    const { layout } = this.#environment;
    const journal = layout.recorded(layout.journal(runId));
    try {
      const findings = [...(await verifyJournal(this.#environment, runId))];
      const journalIsWhole = findings.every(({ severity }) => severity === 'note');
      const run = await loadRun(this.#environment, runId);
      if (run === undefined) return findings;
      for (const { path, message } of run.problems) {
        // What is wrong with a segment is told already, in more words.
        if (path.startsWith(`${journal}/`)) continue;
        findings.push(finding('unreadable', path, runId, message));
      }
      for (const anomaly of anomaliesOf(run.state)) {
        findings.push(finding('contradiction', journal, runId, contradictionText(anomaly)));
      }
      findings.push(...withdrawnRepairs(run.state, journal));
      findings.push(...lostFindings(run, journal));
      findings.push(...(await verifyDerived(this.#environment, run, journalIsWhole)));
      findings.push(...(await verifySourceOfRun(this.#environment, run)));
      if (this.#withFiles) {
        findings.push(...(await verifyOutputs(this.#files, run, this.#findChecksum)));
      }
      return findings;
    } catch (error) {
      return [finding('unreadable', journal, runId, messageOf(error))];
    }
  }

  async #verifyUpload(jobId: string): Promise<readonly Finding[]> {
    const { layout } = this.#environment;
    try {
      const source = isRunId(jobId) ? await readUpload(this.#environment, jobId) : undefined;
      if (source === undefined || !this.#withFiles) return [];
      return (await verifyUpload(this.#environment, this.#files, jobId, source, {})).findings;
    } catch (error) {
      return [
        finding('unreadable', layout.recorded(layout.source(jobId)), jobId, messageOf(error)),
      ];
    }
  }
}
