import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GRAFANA_VARIABLE, parseGrafanaUrl, runLinks } from '@milepost/cli/links';
import { openRegistry } from '@milepost/registry';
import { describeDelivery } from './describe-delivery.ts';
import { type Arguments } from './parse-arguments.ts';
import { assertDeployable } from './pipeline/deploy-target.ts';
import { type FetchedPdf } from './pipeline/fetch-pdf.ts';
import { findPdfs } from './pipeline/find-pdfs.ts';
import { createProgress } from './progress.ts';
import { type DeadWorker, type ReadByProcesses, readByProcesses } from './read-by-processes.ts';
import { recordSource } from './record-source.ts';
import { formatReport } from './report.ts';
import { parseRunRecord } from './run-record.ts';
import { startDemoTelemetry } from './start-demo-telemetry.ts';
import { type PipelineResult, runTracedPipeline } from './traced-pipeline.ts';

/** The Grafana that the environment names. */
function grafanaOfEnvironment(): URL | undefined {
  const text = process.env[GRAFANA_VARIABLE] ?? '';
  return text.trim() === '' ? undefined : parseGrafanaUrl(text.trim());
}

/**
 * Runs the pipeline with progress on stderr, and reports on stdout what came of it, also when it fails.
 *
 * @throws InputError or DeployError, before anything is written, when there is nothing to read or nowhere to deploy
 * to; TypeError, as early, for a Grafana that has no such address; what the pipeline throws; the reason of the signal
 */
export async function runDemo(given: Arguments, signal: AbortSignal): Promise<void> {
  const sources = await findPdfs(given.input);
  await assertDeployable(given.output);
  const grafana = grafanaOfEnvironment();

  const inputDirectory = path.resolve(given.input);
  const registry = openRegistry({ root: given.root, itemsKey: 'citekeys' });
  const { telemetry, endpoint } = await startDemoTelemetry({
    serviceName: 'documents',
    registry,
    logRecordProcessors: [createProgress(process.stderr)],
  });
  const workDirectory = await mkdtemp(path.join(tmpdir(), 'documents-'));
  let runId: string | undefined;
  let result: PipelineResult | undefined;
  const { processes } = given;
  const dead: DeadWorker[] = [];
  const readByOthers = async (pdfs: readonly FetchedPdf[]): Promise<ReadByProcesses> => {
    const read = await readByProcesses(pdfs, { ...given, processes: processes ?? 1, signal });
    dead.push(...new Set(read.lost.map(({ worker }) => worker)));
    return read;
  };
  try {
    result = await runTracedPipeline(sources, {
      ...given,
      ...(processes !== undefined && { readByOthers }),
      source: await recordSource(registry, inputDirectory, sources),
      inputDirectory,
      workDirectory,
      databaseDirectory: path.resolve(given.root, 'database'),
      cacheDirectory: path.join(given.root, 'cache'),
      deployTarget: path.resolve(given.output),
      resultsOf: (stage) => path.resolve(given.root, 'analytics', stage),
      writeResult: (id, name, data) => registry.writeResult(id, name, data),
      onRun: (run) => {
        runId = run.runId;
      },
      signal,
    });
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
    const delivery = describeDelivery(endpoint, await telemetry.shutdown());
    if (runId !== undefined) {
      const record = parseRunRecord(await registry.getCentralRegistry(runId));
      const { startTime, endTime } = (await registry.readRun(runId)) ?? {};
      const links = grafana && runLinks({ grafana, runId, startTime, endTime });
      const report = formatReport(record, { root: given.root, result, delivery, links, dead });
      process.stdout.write(report);
    }
    await registry.close();
  }
}
