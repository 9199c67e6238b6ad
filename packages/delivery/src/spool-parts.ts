import { dirname, resolve } from 'node:path';
import { diag } from '@opentelemetry/api';
import { type Adopter } from './adopt-directories.ts';
import { describeError } from './describe-error.ts';
import { isRunning, type OwnerWatch } from './owner-life.ts';
import { type OwnerIdentity, ownIdentity } from './owner.ts';
import { type StoredRequest } from './request-store.ts';
import { type SpoolDisk, spoolDisk } from './spool-disk.ts';
import { nodeSpoolFileSystem } from './spool-file-system.ts';
import { SpoolHome } from './spool-home.ts';
import { SpoolLayout } from './spool-layout.ts';
import { type SpoolOptions } from './spool-options.ts';
import { SpoolRemains } from './spool-remains.ts';
import { SpoolRoom } from './spool-room.ts';
import { SpoolScanner } from './spool-scan.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** What an open spool works with. */
export interface SpoolParts extends Required<
  Pick<SpoolOptions, 'destinations' | 'onLost' | 'now'>
> {
  readonly disk: SpoolDisk;
  readonly layout: SpoolLayout;
  readonly identity: OwnerIdentity;
  readonly uid: number | undefined;
  readonly home: SpoolHome;
  readonly room: SpoolRoom;
  readonly requests: WaitingRequests;
  readonly adopter: Adopter;
  readonly remains: SpoolRemains;
  readonly onForgotten: NonNullable<SpoolOptions['onForgotten']>;
}

/** Tells a problem that nobody waits for to whoever listens to OpenTelemetry's diagnostics. */
export function reportProblem(what: string, error: unknown): void {
  diag.warn(`milepost: spool: ${what}: ${describeError(error)}`);
}

/** Puts the parts of a spool together. Touches no disk. */
export function spoolParts(options: SpoolOptions): SpoolParts {
  const { destinations, heartbeatMs = 10_000, now = Date.now } = options;
  const { maxBytes = 256 * 2 ** 20, rescanMs = 10_000 } = options;
  const identity = options.identity ?? ownIdentity();
  const uid = 'uid' in options ? options.uid : process.getuid?.();
  const disk = spoolDisk(options.fs ?? nodeSpoolFileSystem);
  const layout = new SpoolLayout(resolve(options.directory));
  const requests = new WaitingRequests();
  const isNeeded = (): boolean => !requests.isEmpty;
  const home = new SpoolHome({
    disk,
    layout,
    identity,
    destinations,
    uid,
    now,
    heartbeatMs,
    isNeeded,
  });
  const processes = options.isRunning ?? isRunning;
  const watch: OwnerWatch = { disk, self: identity, now, isRunning: processes };
  const onLost: SpoolOptions['onLost'] = (...lost) => {
    try {
      options.onLost(...lost);
    } catch (error) {
      reportProblem('cannot count what was lost', error);
    }
  };
  const onForgotten: SpoolParts['onForgotten'] = (...forgotten) => {
    try {
      options.onForgotten?.(...forgotten);
    } catch (error) {
      reportProblem('cannot tell what was forgotten', error);
    }
  };
  const onDropped = (request: StoredRequest): void => {
    const { signal, sequence, records, path } = request;
    onLost(signal, 'spool_full', records);
    if (home.has(dirname(path))) onForgotten(signal, sequence, 'lost');
  };
  const remains = new SpoolRemains(disk);
  const room = new SpoolRoom({
    disk,
    maxBytes,
    rescanMs,
    now,
    scan: () => new SpoolScanner(watch, layout, home.owner, (path) => remains.has(path)).scan(),
    ownBytes: () => requests.blockBytes,
    oldest: (isLast) => requests.oldest(isLast),
    drop: (request) => requests.drop(request),
    onDropped,
  });
  const adopter: Adopter = {
    watch,
    layout,
    owner: home.owner,
    declare: () => home.declare(true),
    isKnown: (path) => home.has(path) || remains.has(path) || requests.hasAdopted(path),
    isFull: () => remains.isFull,
    remove: (path) => remains.remove(path),
    removeDirectory: (path) => remains.removeDirectory(path),
    onProblem: (error) => reportProblem('cannot take over requests', error),
  };
  return {
    destinations,
    onLost,
    onForgotten,
    now,
    disk,
    layout,
    identity,
    uid,
    home,
    room,
    requests,
    adopter,
    remains,
  };
}
