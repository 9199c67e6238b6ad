// What recording costs: node --conditions=@milepost/source test/registry/measure.ts
// On a machine that does other things too, only ratios of interleaved rounds mean anything.
import { costOfRun, costPerItem } from './measure-runs.ts';
import { measureWriters } from './measure-writers.ts';

const print = (text: string): void => void process.stdout.write(`${text}\n`);

for (const writers of [1, 4]) {
  const { records, recordsPerSecond, hubSeconds, lost, notInHub } = await measureWriters(
    writers,
    20_000,
  );
  print(
    `${writers} writers, one run: ${records} records, ${recordsPerSecond}/s on disk, ` +
      `hub after ${hubSeconds.toFixed(1)} s, lost ${lost}, not in the hub ${notInHub}`,
  );
}
const [few = Number.NaN, many = Number.NaN] = await costPerItem([100, 5000], 7);
print(
  `an item: ${few.toFixed(1)} us of CPU at 100 items, ${many.toFixed(1)} us at 5000: ratio ${(many / few).toFixed(2)}`,
);
const { disk, os, byHand, files } = await costOfRun(7, 20);
print(
  `a run of 5 stages: ${disk.toFixed(2)} ms of CPU (durability os ${os.toFixed(2)} ms; ` +
    `the same files by hand ${byHand.toFixed(2)} ms), ${files.length} files: ${files.join(', ')}`,
);
