/** For `--import`: says in which thread it is loaded. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

writeSync(1, isMainThread ? 'main ' : 'thread ');
