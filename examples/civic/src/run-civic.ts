import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { GRAFANA_VARIABLE, parseGrafanaUrl, runLinks } from '@milepost/cli/links';
import { endRun, type RunEnvelope } from '@milepost/core';
import { describeDelivery } from '@milepost/example-documents/describe-delivery';
import { startDemoTelemetry } from '@milepost/example-documents/start-telemetry';
import { openRegistry, type Registry } from '@milepost/registry';
import { enqueueJob, type Request } from './enqueue-job.ts';
import { openRedis } from './open-redis.ts';
import { type Arguments } from './parse-arguments.ts';
import { openCitySite } from './pipeline/city-site.ts';
import { followRun } from './progress.ts';
import { closeQueues, openQueues } from './queues.ts';
import { type RedisPlace, removeKeys } from './redis-place.ts';
import { formatReport } from './report.ts';
import { parseRunRecord } from './run-record.ts';
import { startWorkerPool } from './worker-pool.ts';

/** What came of it. */
interface Outcome {
  readonly run: RunEnvelope;
  /** What was killed, in words. */
  readonly killed: readonly string[];
  /** What ended it, where the run did not end by itself. */
  readonly error?: { readonly cause: unknown };
}

/**
 * Enqueues a run and starts workers for it, shows how far they are on stderr, and reports on stdout what came of it.
 *
 * @returns whether the run did not fail
 * @throws NoRedisError; TypeError for a Grafana that has no such address; NoWorkerError, the reason of the signal, or the error of Redis
 */
export async function runCivic(given: Arguments, signal: AbortSignal): Promise<boolean> {
  const grafana = grafanaOfEnvironment();
  const redis = await openRedis();
  try {
    const registry = openRegistry({ root: given.root });
    const { telemetry, endpoint } = await startDemoTelemetry({ serviceName: 'civic', registry });
    const { place } = redis;
    const { run, killed, error } = await workOff(given, { registry, place, signal });
    const delivery = describeDelivery(endpoint, await telemetry.shutdown());
    const { id: runId } = run.run;
    const record = parseRunRecord(await registry.getCentralRegistry(runId));
    const { jobs = [], startTime, endTime } = (await registry.readRun(runId)) ?? {};
    const links = grafana && runLinks({ grafana, runId, startTime, endTime });
    const options = { root: given.root, delivery, links, killed, jobs };
    process.stdout.write(formatReport(record, options));
    await registry.close();
    if (error !== undefined) throw error.cause;
    return record.status !== 'failed';
  } finally {
    await redis.close();
  }
}

interface Surroundings {
  readonly registry: Registry;
  readonly place: RedisPlace;
  readonly signal: AbortSignal;
}

async function workOff(
  given: Arguments,
  { registry, place, signal }: Surroundings,
): Promise<Outcome> {
  const { workers, killOne, root } = given;
  // Nobody else's workers take these jobs, which need files of this machine, and none of them is left behind.
  const prefix = `civic-${randomUUID()}`;
  const queues = openQueues({ connection: place, prefix });
  const site = await openCitySite(given.broken);
  const over = new AbortController();
  try {
    const pool = await startWorkerPool(workers, { redis: place, prefix, root, killOne });
    const run = await enqueueJob(requestOf(given, given.site ?? site.url), queues);
    try {
      const until = AbortSignal.any([signal, over.signal]);
      const followed = followRun(registry, run.run, process.stderr, until, pool.killed);
      await Promise.race([followed, pool.allGone]);
      return { run, killed: pool.killed };
    } catch (error) {
      if (signal.aborted) await pool.stop();
      endRun(
        run,
        signal.aborted
          ? { status: 'cancelled', reason: 'interrupted' }
          : { status: 'failed', error },
      );
      return { run, killed: pool.killed, error: { cause: error } };
    } finally {
      over.abort();
      await pool.close();
    }
  } finally {
    await site.close();
    await closeQueues(queues);
    await removeKeys(place, prefix);
  }
}

function requestOf(given: Arguments, site: string): Request {
  const { subdomain, runId, root, output, allYears, allAgendas } = given;
  return {
    subdomain,
    runId,
    site,
    allYears,
    allAgendas,
    backend: given.textLayer ? 'text_layer' : 'tesseract',
    extractEntities: given.extractEntities,
    ignoreCache: given.ignoreCache,
    runsDirectory: path.resolve(root, 'civic', 'runs'),
    cacheDirectory: path.resolve(root, 'civic', 'cache'),
    deployTarget: path.resolve(output),
  };
}

/** The Grafana that the environment names. */
function grafanaOfEnvironment(): URL | undefined {
  const text = process.env[GRAFANA_VARIABLE]?.trim() ?? '';
  return text === '' ? undefined : parseGrafanaUrl(text);
}
