import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AlertSettings, DEFAULT_ALERT_SETTINGS, prometheusRules } from '@milepost/grafana';
import { freePorts } from './free-ports.ts';
import { ServerProcess } from './server-process.ts';

const ROOT = join(import.meta.dirname, '../..');
const LOOPBACK = '127.0.0.1';

/** Collector, Tempo, Loki, Prometheus and Alertmanager, running with the settings of this repository. */
export interface Stack {
  /** Where pipelines send: `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly otlpUrl: string;
  /** The same over gRPC. */
  readonly otlpGrpcUrl: string;
  readonly tempoUrl: string;
  readonly lokiUrl: string;
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  /** Metrics of the collector itself. */
  readonly collectorMetricsUrl: string;
  readonly collector: ServerProcess;
  readonly tempo: ServerProcess;
  readonly loki: ServerProcess;
  readonly prometheus: ServerProcess;
  readonly alertmanager: ServerProcess;
  /** Data and logs of the servers. */
  readonly directory: string;
  stop(): Promise<void>;
}

/** What a test makes different. */
export interface StackOptions {
  /** Where Alertmanager sends every alert. Default: nowhere, as in the settings. */
  readonly webhookUrl?: string;
  /** What the alert rules have otherwise than as they are committed. */
  readonly alertSettings?: Partial<AlertSettings>;
  /** Whether rules are evaluated and alerts are told as often as is committed, or every second, which tests wait for. Default: `short`. */
  readonly intervals?: 'short' | 'committed';
}

const SHORT_SCRAPES = [
  ['evaluation_interval: 15s', 'evaluation_interval: 1s'],
  ['scrape_interval: 15s', 'scrape_interval: 1s'],
] as const;
const SHORT_ROUTES = [
  ['group_wait: 5s', 'group_wait: 1s'],
  ['group_interval: 30s', 'group_interval: 1s'],
] as const;

/** Starts the servers on free ports of loopback, in a directory of their own, and resolves when all serve. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const isShort = options.intervals !== 'committed';
  const directory = mkdtempSync(join(tmpdir(), 'milepost-stack-'));
  const ports = await freePorts([
    ...([
      'otlp',
      'otlpGrpc',
      'health',
      'collectorMetrics',
      'tempo',
      'tempoGrpc',
      'tempoOtlp',
    ] as const),
    ...(['tempoGossip', 'loki', 'lokiGrpc', 'prometheus', 'alertmanager'] as const),
  ]);
  const url = (port: number): string => `http://${LOOPBACK}:${port}`;
  const address = (port: number): string => `${LOOPBACK}:${port}`;
  const logFile = (name: string): string => join(directory, `${name}.log`);

  const settings = join(directory, 'prometheus.yaml');
  mkdirSync(join(directory, 'rules'));
  writeFileSync(
    join(directory, 'rules/milepost.yaml'),
    prometheusRules({
      ...DEFAULT_ALERT_SETTINGS,
      ...(isShort && { evaluationInterval: '1s', lookBackInterval: '1s' }),
      ...options.alertSettings,
    }),
  );
  writeFileSync(
    settings,
    changed(join(ROOT, 'grafana/prometheus.yaml'), [
      ['alertmanager:9093', address(ports.alertmanager)],
      ['otel-collector:8888', address(ports.collectorMetrics)],
      ['targets: [loki:3100]', `targets: ['${address(ports.loki)}']`],
      ['targets: [tempo:3200]', `targets: ['${address(ports.tempo)}']`],
      ...(isShort ? SHORT_SCRAPES : []),
    ]),
  );
  const routes = join(directory, 'alertmanager.yaml');
  writeFileSync(
    routes,
    changed(join(ROOT, 'grafana/alertmanager.yaml'), [
      ...(isShort ? SHORT_ROUTES : []),
      ...(options.webhookUrl === undefined ? [] : webhookReceivers(options.webhookUrl)),
    ]),
  );

  const servers = {
    tempo: new ServerProcess({
      program: 'tempo',
      args: ['-config.expand-env=true', `-config.file=${join(ROOT, 'grafana/tempo.yaml')}`],
      env: {
        TEMPO_ADDRESS: LOOPBACK,
        TEMPO_PORT: String(ports.tempo),
        TEMPO_GRPC_PORT: String(ports.tempoGrpc),
        TEMPO_GOSSIP_PORT: String(ports.tempoGossip),
        TEMPO_OTLP_ADDRESS: address(ports.tempoOtlp),
        TEMPO_DATA: join(directory, 'tempo'),
      },
      readyUrl: `${url(ports.tempo)}/ready`,
      logFile: logFile('tempo'),
    }),
    loki: new ServerProcess({
      program: 'loki',
      args: ['-config.expand-env=true', `-config.file=${join(ROOT, 'grafana/loki.yaml')}`],
      env: {
        LOKI_ADDRESS: LOOPBACK,
        LOKI_PORT: String(ports.loki),
        LOKI_GRPC_PORT: String(ports.lokiGrpc),
        LOKI_DATA: join(directory, 'loki'),
      },
      readyUrl: `${url(ports.loki)}/ready`,
      logFile: logFile('loki'),
    }),
    prometheus: new ServerProcess({
      program: 'prometheus',
      args: [
        `--config.file=${settings}`,
        `--storage.tsdb.path=${join(directory, 'prometheus')}`,
        `--web.listen-address=${address(ports.prometheus)}`,
        '--web.enable-otlp-receiver',
        '--enable-feature=created-timestamp-zero-ingestion',
        '--log.level=warn',
      ],
      readyUrl: `${url(ports.prometheus)}/-/ready`,
      logFile: logFile('prometheus'),
    }),
    alertmanager: new ServerProcess({
      program: 'alertmanager',
      args: [
        `--config.file=${routes}`,
        `--storage.path=${join(directory, 'alertmanager')}`,
        `--web.listen-address=${address(ports.alertmanager)}`,
        '--cluster.listen-address=',
        '--log.level=warn',
      ],
      readyUrl: `${url(ports.alertmanager)}/-/ready`,
      logFile: logFile('alertmanager'),
    }),
    collector: new ServerProcess({
      program: 'otelcol',
      args: ['--config', join(ROOT, 'otel-collector/config.yaml')],
      env: {
        OTELCOL_HTTP_ADDRESS: address(ports.otlp),
        OTELCOL_GRPC_ADDRESS: address(ports.otlpGrpc),
        OTELCOL_HEALTH_ADDRESS: address(ports.health),
        OTELCOL_METRICS_HOST: LOOPBACK,
        OTELCOL_METRICS_PORT: String(ports.collectorMetrics),
        OTELCOL_QUEUE_DIRECTORY: join(directory, 'otelcol'),
        TEMPO_OTLP_ENDPOINT: address(ports.tempoOtlp),
        LOKI_ENDPOINT: url(ports.loki),
        PROMETHEUS_ENDPOINT: url(ports.prometheus),
      },
      readyUrl: url(ports.health),
      logFile: logFile('otelcol'),
    }),
  };
  const stop = async (): Promise<void> => {
    // At once: nobody reads their data any more, and Tempo alone takes half a minute to end.
    await Promise.all(Object.values(servers).map((server) => server.kill()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(Object.values(servers).map((server) => server.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    otlpUrl: url(ports.otlp),
    otlpGrpcUrl: url(ports.otlpGrpc),
    tempoUrl: url(ports.tempo),
    lokiUrl: url(ports.loki),
    prometheusUrl: url(ports.prometheus),
    alertmanagerUrl: url(ports.alertmanager),
    collectorMetricsUrl: `${url(ports.collectorMetrics)}/metrics`,
    ...servers,
    directory,
    stop,
  };
}

// In the place of the receivers, which go nowhere.
function webhookReceivers(url: string): readonly (readonly [string, string])[] {
  return ['  - name: now\n', '  - name: today\n'].map((receiver) => [
    receiver,
    `${receiver}    webhook_configs: [{ url: '${url}' }]\n`,
  ]);
}

/** A file of settings with some texts replaced, each of which must be there. */
function changed(path: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce(
    (text, [before, after]) => {
      if (!text.includes(before)) throw new Error(`${path} has no ${JSON.stringify(before)}`);
      return text.replace(before, after);
    },
    readFileSync(path, 'utf8'),
  );
}
