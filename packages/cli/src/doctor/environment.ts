import { type CliIo } from '../cli-io.ts';
import { type DoctorFinding, fine, noteworthy, wrong } from './finding.ts';

/** What every package of this project needs. */
const LEAST_NODE = [22, 15] as const;

/** The version of Node.js that runs this command: most often the pipeline's too. */
export function checkNode(version: string): readonly DoctorFinding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
    const least = LEAST_NODE.join('.');
    return [
      wrong(
        'node',
        `Node.js ${version} is older than ${least}`,
        `Install Node.js ${least} or newer.`,
      ),
    ];
  }
  // As of then its SQLite prints no warning, without which the index of a registry is not used.
  if (major > 24 ? major >= 26 : major === 24 && minor >= 15) {
    return [fine('node', `Node.js ${version}`)];
  }
  return [
    noteworthy(
      'node',
      `Node.js ${version}: registries have no index, and queries over many runs read their files`,
      'Install Node.js 24.15 or newer where there are thousands of runs.',
    ),
  ];
}

function ratioOf(text: string | undefined): number {
  const ratio = Number(text ?? '');
  return text === undefined || text.trim() === '' || !(ratio >= 0 && ratio <= 1) ? 1 : ratio;
}

/** Whether the environment asks for a sampler that hides runs. What a program asks for itself, it alone knows. */
export function checkSampling(env: CliIo['env']): readonly DoctorFinding[] {
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim() ?? '';
  const name = `OTEL_TRACES_SAMPLER is ${sampler}`;
  if (sampler.endsWith('always_off')) {
    return [
      wrong(
        'sampling',
        `${name}: no trace of any run is exported`,
        'Unset OTEL_TRACES_SAMPLER, or set it to parentbased_always_on.',
      ),
    ];
  }
  const ratio = sampler.endsWith('traceidratio') ? ratioOf(env['OTEL_TRACES_SAMPLER_ARG']) : 1;
  if (ratio === 1) return [fine('sampling', 'the environment hides no run')];
  return [
    noteworthy(
      'sampling',
      `${name} with ${ratio}: so large a part of the runs has a trace; logs, metrics and registry have all`,
      'Unset OTEL_TRACES_SAMPLER where every run shall have a trace.',
    ),
  ];
}
