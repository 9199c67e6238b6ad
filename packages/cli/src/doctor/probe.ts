// Loaded into the user's program by `node --import`, before it: says what became of its telemetry. Changes nothing there.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { type RunStartedEvent, currentRunStore, subscribeLifecycle } from '@milepost/core/hooks';
import { runSpanId } from '@milepost/run-id';
import { PROBE_VARIABLE, type ProbeReport } from './probe-report.ts';

/** Where each version 1.x of @opentelemetry/api keeps what is registered. */
const API_SLOT = Symbol.for('opentelemetry.js.api.1');
const API_DIRECTORY = /^.*\/node_modules\/@opentelemetry\/api(?=\/)/;
const LOOK_EVERY_MS = 50;

const directory = process.env[PROBE_VARIABLE];
const providers = new Set<string>();
const apis = new Set<string>();
const runs = { began: 0, withoutSpan: 0, withoutRoot: 0, unsampled: 0, unrecorded: 0 };

function say(): void {
  if (directory === undefined) return;
  const report: ProbeReport = {
    command: process.argv.slice(0, 2),
    apis: [...apis],
    providers: [...providers],
    runs,
  };
  try {
    writeFileSync(join(directory, `${process.pid}-${threadId}.json`), JSON.stringify(report));
  } catch {
    // Who waits for the report says that there is none.
  }
}

/** Sees which providers are registered: a program may take them away again before its end. */
function look(): void {
  const slot: unknown = Reflect.get(globalThis, API_SLOT);
  if (typeof slot !== 'object' || slot === null) return;
  const before = providers.size;
  for (const name of ['trace', 'logs', 'metrics']) if (name in slot) providers.add(name);
  if (providers.size > before) say();
}

function onRunStarted({ run, span }: RunStartedEvent): void {
  look();
  // The spans of these are made elsewhere, or at their end.
  if (run.joined || run.begun === true) return;
  runs.began += 1;
  if (currentRunStore() === undefined) runs.unrecorded += 1;
  if (span === undefined) runs.withoutSpan += 1;
  else {
    if (span.spanId !== runSpanId(run.runId, run.attempt)) runs.withoutRoot += 1;
    if (!span.isSampled) runs.unsampled += 1;
  }
  // A program may die without an end at which it could say more.
  if (runs.began === 1) say();
}

if (directory !== undefined) {
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      const found = API_DIRECTORY.exec(resolved.url)?.[0];
      if (found !== undefined) apis.add(found);
      return resolved;
    },
  });
  subscribeLifecycle({
    onEvent: (event) => {
      if (event.type === 'run_started') onRunStarted(event);
    },
  });
  setInterval(look, LOOK_EVERY_MS).unref();
  process.on('exit', () => {
    look();
    say();
  });
}
