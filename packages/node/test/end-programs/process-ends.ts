// `node process-ends.ts watched|plain SCENARIO`: one of `scenarios`, with what is noticed of its end written to stdout.
import { writeSync } from 'node:fs';
import { watchProcessEnds } from '../../src/process-ends.ts';
import { scenarios } from './scenarios.ts';

const [mode, name = ''] = process.argv.slice(2);
const scenario = scenarios[name];
if (scenario === undefined) throw new Error(`no scenario ${name}`);

if (mode !== 'plain') {
  watchProcessEnds({
    end: (ending) => {
      const { kind } = ending;
      const shown = kind === 'error' ? { kind, error: String(ending.error) } : ending;
      writeSync(1, `milepost: ${JSON.stringify(shown)}\n`);
      if (mode === 'broken') throw new Error('of ours');
    },
    precaution: () => {
      writeSync(1, 'milepost: precaution\n');
      if (mode === 'broken') throw new Error('of ours');
    },
    signals: mode !== 'without signals',
  });
}
await scenario((line) => void writeSync(1, `${line}\n`));
