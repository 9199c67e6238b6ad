import { dirname, join } from 'node:path';
import { type Finding, finding } from './finding.ts';
import { LATEST_FILE, spokesOfDirectory } from './layout.ts';
import { messageOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { readLink } from './replace-file.ts';
import { stepDirectories } from './run-ids.ts';

/** Looks whether each `latest.json` names a file beside it. */
export async function verifyLinks(environment: RegistryEnvironment): Promise<readonly Finding[]> {
  const { fs, layout } = environment;
  const steps = await stepDirectories(environment, []);
  const spokes = steps.map((directory) => spokesOfDirectory(layout.analytics, directory));
  const findings: Finding[] = [];
  for (const directory of [layout.hubs, layout.sources, ...spokes]) {
    const path = join(directory, LATEST_FILE);
    const recorded = layout.recorded(path);
    try {
      const target = await readLink(fs, path);
      if (target === undefined) continue;
      if (dirname(target) !== '.') {
        findings.push(
          finding('outside_root', recorded, undefined, 'it does not name a file beside it'),
        );
      } else if (!(await fs.readdir(directory)).includes(target)) {
        const message = `it names ${target}, which is not there; a rebuild moves it`;
        findings.push(finding('missing', recorded, undefined, message));
      }
    } catch (error) {
      findings.push(finding('unreadable', recorded, undefined, messageOf(error)));
    }
  }
  return findings;
}
