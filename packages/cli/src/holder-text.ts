import { hostname } from 'node:os';
import { type SpoolHolder } from '@milepost/delivery';
import { numberText } from './record-counts.ts';
import { type SpoolGroup } from './spool-groups.ts';
import { terminalText } from './terminal-text.ts';

/** Who holds something: `process 4711, gone`, `9 processes, gone`. */
export function holderText({ life, holders }: Pick<SpoolGroup, 'life' | 'holders'>): string {
  const isRunning = life === 'alive';
  const processes = new Map(holders.map((holder) => [processText(holder), holder]));
  const [first] = processes.keys();
  if (life === 'released' || first === undefined) {
    return holders.length === 1 ? 'nobody: its process ended' : 'nobody: their processes ended';
  }
  const state = isRunning ? 'running' : 'gone';
  return processes.size === 1
    ? `${first}, ${state}`
    : `${numberText(processes.size)} processes, ${state}`;
}

function processText({ identity }: SpoolHolder): string {
  if (identity === undefined) return 'a process';
  const thread = identity.threadId === 0 ? '' : `, thread ${identity.threadId}`;
  const host = identity.host === hostname() ? '' : ` on ${terminalText(identity.host, 60)}`;
  return `process ${identity.pid}${thread}${host}`;
}
