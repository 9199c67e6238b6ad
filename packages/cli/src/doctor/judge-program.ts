import { counted } from '../counted.ts';
import { type DoctorFinding, fine, noteworthy, wrong } from './finding.ts';
import { type ProbeReport } from './probe-report.ts';

const NAMES = { trace: 'traces', logs: 'logs', metrics: 'metrics' } as const;
const START =
  'Call startTelemetry() of @milepost/node first, or run it with node --import @milepost/node/register.';

/** Whether a process has to do with telemetry at all: npm and other wrappers have not. */
function takesPart({ apis, providers, runs }: ProbeReport): boolean {
  return apis.length > 0 || providers.length > 0 || runs.began > 0;
}

function judgeApis({ apis }: ProbeReport): readonly DoctorFinding[] {
  if (apis.length < 2) return [];
  return [
    wrong(
      'program',
      `it loaded ${apis.length} copies of @opentelemetry/api: ${apis.join(', ')}`,
      'Ask for one version of @opentelemetry/api (npm ls @opentelemetry/api), then npm dedupe.',
    ),
  ];
}

function judgeSdk({ providers }: ProbeReport): readonly DoctorFinding[] {
  if (!providers.includes('trace')) {
    const message =
      providers.length === 0
        ? 'no OpenTelemetry SDK was registered: nothing is exported'
        : 'the SDK has no provider of traces: no trace is exported';
    return [wrong('program', message, START)];
  }
  const missing = Object.entries(NAMES).flatMap(([key, name]) =>
    providers.includes(key) ? [] : [name],
  );
  if (missing.length === 0) return [fine('program', 'an SDK was registered for all signals')];
  return [
    noteworthy(
      'program',
      `the SDK has no ${missing.join(' and no ')}`,
      'Give it log record processors and metric readers, as the README of @milepost/node shows.',
    ),
  ];
}

function judgeRuns({ runs, providers }: ProbeReport): readonly DoctorFinding[] {
  const { began, withoutSpan, withoutRoot, unsampled, unrecorded } = runs;
  if (began === 0) {
    return [
      noteworthy(
        'program',
        'no run began in it: its ID generator and its sampler were not seen at work',
        'Let it begin a run: withRun(…), or a stage.',
      ),
    ];
  }
  const of = (count: number): string => `${count} of ${counted(began, 'run')}`;
  const findings: DoctorFinding[] = [];
  if (withoutSpan > 0 && providers.includes('trace')) {
    findings.push(
      wrong(
        'program',
        `begun before an SDK was registered, and so without a trace: ${of(withoutSpan)}`,
        'Await startTelemetry(), or start the SDK, before the first run begins.',
      ),
    );
  }
  if (withoutRoot > 0) {
    findings.push(
      wrong(
        'program',
        `without a root span, as the SDK has no MilepostIdGenerator: ${of(withoutRoot)}`,
        'Put idGenerator: new MilepostIdGenerator() of @milepost/node into the configuration of the SDK.',
      ),
    );
  }
  if (unsampled > 0) {
    const message = `hidden from the collector by sampling: ${of(unsampled)}`;
    const todo =
      'Look at OTEL_TRACES_SAMPLER and the sampler of the SDK; the registry has them all.';
    findings.push(
      unsampled === began ? wrong('program', message, todo) : noteworthy('program', message, todo),
    );
  }
  if (unrecorded > 0) {
    findings.push(
      noteworthy(
        'program',
        `recorded in no registry: ${of(unrecorded)}`,
        'Give startTelemetry a registry: openRegistry({ root }), or set MILEPOST_ROOT for @milepost/node/register.',
      ),
    );
  }
  return findings.length === 0
    ? [
        fine(
          'program',
          `${counted(began, 'run')} with root spans of their own, sampled, and a registry to record them`,
        ),
      ]
    : findings;
}

/** What the probes of a program's processes saw, told for those that have to do with telemetry. */
export function judgeProgram(reports: readonly ProbeReport[]): readonly DoctorFinding[] {
  const taking = reports.filter(takesPart);
  if (taking.length === 0) {
    return [
      reports.length === 0
        ? noteworthy(
            'program',
            'it left no report: it is no program of Node.js 22.15 or newer, or was killed before its end',
            'Name the command that starts Node.js, and let it end by itself or by SIGTERM.',
          )
        : wrong('program', 'it loaded neither Milepost nor @opentelemetry/api', START),
    ];
  }
  return taking.flatMap((report) => {
    const own = [...judgeApis(report), ...judgeSdk(report), ...judgeRuns(report)];
    if (taking.length === 1) return own;
    const name = report.command[1] ?? report.command[0] ?? '?';
    return own.map((finding) => ({ ...finding, message: `${name}: ${finding.message}` }));
  });
}
