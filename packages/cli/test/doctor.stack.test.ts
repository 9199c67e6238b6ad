import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { type Stack, startStack } from '../../../test/stack/start-stack.ts';

// The command that says why telemetry does not arrive, and a real collector.

const CLI = fileURLToPath(new URL('../src/milepost.ts', import.meta.url));
const PROGRAM = fileURLToPath(
  new URL('../../../test/stack/programs/stages-until.ts', import.meta.url),
);
const SOURCE = [...RUN_TYPESCRIPT, '--conditions=@milepost/source'];
const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));
const SIGNALS = ['traces', 'logs', 'metrics'];

const answerSchema = z.object({
  findings: z.array(
    z.object({
      check: z.string(),
      severity: z.string(),
      message: z.string(),
      todo: z.string().nullable(),
    }),
  ),
});
type Finding = z.infer<typeof answerSchema>['findings'][number];

let stack: Stack;
let data: string;

beforeAll(async () => {
  stack = await startStack();
  data = mkdtempSync(join(tmpdir(), 'milepost-doctor-stack-'));
  mkdirSync(join(data, 'registry'));
});
afterAll(async () => {
  await stack.stop();
  rmSync(data, { recursive: true, force: true });
});

/** What the command finds, by what it looked at, with everything else as it should be. */
async function doctor(
  env: Readonly<Record<string, string>>,
  command: readonly string[] = [],
): Promise<{
  readonly code: number | null;
  readonly about: (check: string) => readonly Finding[];
}> {
  const child = spawn(
    process.execPath,
    [...SOURCE, CLI, '--json', 'doctor', ...(command.length === 0 ? [] : ['--', ...command])],
    {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'] ?? '',
        MILEPOST_ROOT: join(data, 'registry'),
        XDG_STATE_HOME: join(data, 'state'),
        OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
        ...env,
      },
    },
  );
  const ended = once(child, 'close');
  const { findings } = answerSchema.parse(JSON.parse(await text(child.stdout)));
  await ended;
  return {
    code: child.exitCode,
    about: (check) => findings.filter((finding) => finding.check === check),
  };
}

const severities = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ severity }) => severity);

test.for(['http/json', 'http/protobuf'])('it takes all three signals by %s', async (protocol) => {
  const { code, about } = await doctor({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
  expect(about('collector').map(({ severity, message }) => [severity, message])).toEqual(
    SIGNALS.map((signal) => ['ok', `${stack.otlpUrl}/v1/${signal} takes ${signal}`]),
  );
  expect(severities(about('clock'))).toEqual(['ok']);
  expect(code).toBe(0);
});

test('it takes all three signals by gRPC', async () => {
  const { code, about } = await doctor({
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpGrpcUrl,
  });
  expect(about('collector').map(({ severity, message }) => [severity, message])).toEqual(
    SIGNALS.map((signal) => ['ok', `${stack.otlpGrpcUrl} (gRPC) takes ${signal}`]),
  );
  expect(code).toBe(0);
  const wrongPort = await doctor({
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpUrl,
  });
  expect(severities(wrongPort.about('collector'))).toEqual(['error', 'error', 'error']);
  expect(wrongPort.about('collector')[0]?.todo).toContain('port for OTLP over gRPC');
});

test('a program that sends to it has nothing wrong', async () => {
  const { code, about } = await doctor({}, [process.execPath, ...SOURCE, PROGRAM, '2']);
  expect(about('program').map(({ severity, message }) => [severity, message])).toEqual([
    ['ok', 'an SDK was registered for all signals'],
    ['ok', '1 run with root spans of their own, sampled, and a registry to record them'],
  ]);
  // On a busy machine the last may wait for the next process.
  expect(severities(about('spool'))).not.toContain('error');
  expect(code).toBe(0);
});

test('a path in the address that does not belong there', async () => {
  const path = await doctor({ OTEL_EXPORTER_OTLP_ENDPOINT: `${stack.otlpUrl}/v1/traces` });
  expect(severities(path.about('collector'))).toEqual(['error', 'error', 'error']);
  expect(path.about('collector')[0]?.todo).toContain('without /v1/…');
  expect(path.code).toBe(1);
});

test('one that is gone, and what waits then', async () => {
  await stack.collector.kill();
  try {
    const { code, about } = await doctor({}, [process.execPath, ...SOURCE, PROGRAM, '2']);
    expect(severities(about('collector'))).toEqual(['error', 'error', 'error']);
    expect(about('collector')[0]?.todo).toContain('Start the collector');
    expect(about('spool')[0]?.message).toMatch(
      /^\d+ spans, \d+ log records, \d+ metric points wait in .*, the oldest for /,
    );
    expect(about('spool')[0]?.todo).toContain('milepost flush');
    expect(code).toBe(1);
  } finally {
    await stack.collector.start();
  }
});
