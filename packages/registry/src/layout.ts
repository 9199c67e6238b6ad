import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { directoryNameOf } from './path-name.ts';

const SPOKES = 'job_metadata';
const HUBS = 'job_registry';

/** Directories in `analytics` that are not steps. */
export const NOT_STEPS: ReadonlySet<string> = new Set([HUBS, 'exports', SPOKES]);
/** The file or link beside spokes and hubs that names the newest. */
export const LATEST_FILE = 'latest.json';
/** The ending of our spoke where someone else's has the usual name. */
export const OURS_BESIDE_FOREIGN = '.milepost.json';

/** Where everything lies below one root. Paths in records are relative to the root, with slashes. */
export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  get analytics(): string {
    return join(this.root, 'analytics');
  }

  get hubs(): string {
    return join(this.analytics, HUBS);
  }

  get sources(): string {
    return join(this.root, 'sources', SPOKES);
  }

  /** Where all lies that is ours alone. */
  get ours(): string {
    return join(this.root, '.milepost');
  }

  get journals(): string {
    return join(this.ours, 'journal');
  }

  /** Empty files that name the segments which may still grow. */
  get marks(): string {
    return join(this.ours, 'growing');
  }

  get index(): string {
    return join(this.ours, 'index.sqlite');
  }

  get runIdClaims(): string {
    return join(this.ours, 'claims', 'run-ids');
  }

  hub(runId: string): string {
    return join(this.hubs, `${runId}.json`);
  }

  source(jobId: string): string {
    return join(this.sources, `${jobId}.json`);
  }

  journal(runId: string): string {
    return join(this.journals, runId);
  }

  get allSetAside(): string {
    return join(this.ours, 'set-aside');
  }

  /** Where journals go of runs that are being pruned. */
  get pruned(): string {
    return join(this.ours, 'pruned');
  }

  /** Where files of others go that could not be read whole. */
  setAside(runId: string): string {
    return join(this.allSetAside, runId);
  }

  attemptClaims(runId: string): string {
    return join(this.ours, 'claims', 'attempts', runId);
  }

  endClaims(runId: string): string {
    return join(this.ours, 'claims', 'ends', runId);
  }

  step(step: string): string {
    return join(this.analytics, directoryNameOf(step));
  }

  spokes(step: string): string {
    return join(this.step(step), SPOKES);
  }

  spoke(step: string, runId: string): string {
    return join(this.spokes(step), `${runId}.json`);
  }

  spokeBesideForeign(step: string, runId: string): string {
    return join(this.spokes(step), `${runId}${OURS_BESIDE_FOREIGN}`);
  }

  /** As a hub says it: relative to `analytics`. */
  metadataPath(step: string, runId: string): string {
    return `${directoryNameOf(step)}/${SPOKES}/${runId}.json`;
  }

  item(step: string, itemId: string): string {
    return join(this.step(step), directoryNameOf(itemId));
  }

  results(step: string, itemId: string, runId: string): string {
    return join(this.item(step, itemId), runId);
  }

  /** A path as records have it: relative to the root with slashes where it lies inside, else absolute. */
  recorded(path: string): string {
    const absolute = isAbsolute(path) ? path : resolve(this.root, path);
    const inside = relative(this.root, absolute);
    const outside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
    return (outside ? absolute : inside).split(sep).join('/');
  }
}

/** The spokes' directory inside a step's directory, which may have any name. */
export function spokesOfDirectory(analytics: string, directory: string): string {
  return join(analytics, directory, SPOKES);
}

/** The job ID of a hub, spoke or source file; undefined for what a listing skips. */
export function jobIdOfFile(name: string): string | undefined {
  if (!name.endsWith('.json') || name === LATEST_FILE || name.endsWith(OURS_BESIDE_FOREIGN)) {
    return undefined;
  }
  return name.slice(0, -'.json'.length);
}
