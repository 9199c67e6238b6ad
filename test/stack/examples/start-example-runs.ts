import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../redis-server.ts';
import { startStack } from '../start-stack.ts';
import { runCivic } from './civic-runs.ts';
import { runDocuments } from './documents-runs.ts';
import { type ExampleRuns } from './example-runs.ts';
import { RunExample } from './run-example.ts';

/** Runs of both examples, and the servers that have what they sent. */
export interface StartedExampleRuns {
  readonly value: ExampleRuns;
  /** Ends programs and servers, and removes what they wrote. */
  stop(): Promise<void>;
}

/** Starts the servers, runs both examples in all ways in which a run can come out, and resolves when that is done. */
export async function startExampleRuns(): Promise<StartedExampleRuns> {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-examples-'));
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    // The programs before the servers.
    for (const one of started.toReversed()) await one.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const redis = await RedisServer.start();
    started.push(redis);
    // Who is killed counts as gone as soon as a test can wait for it.
    const stack = await startStack({ alertSettings: { goneAfter: '15s' } });
    started.push(stack);
    const begin = (example: 'documents' | 'civic'): RunExample => {
      const own = join(directory, example);
      mkdirSync(own);
      const env = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
      const run = new RunExample({ example, directory: own, stack, env });
      started.push(run);
      return run;
    };
    const [documents, civic] = [begin('documents'), begin('civic')];
    await Promise.all([runDocuments(documents), runCivic(civic)]);
    const { otlpUrl, tempoUrl, lokiUrl, prometheusUrl, alertmanagerUrl, collectorMetricsUrl } =
      stack;
    return {
      value: {
        stack: { otlpUrl, tempoUrl, lokiUrl, prometheusUrl, alertmanagerUrl, collectorMetricsUrl },
        roots: { documents: documents.root, civic: civic.root },
        runs: [...documents.runs, ...civic.runs],
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
