import { readFileSync } from 'node:fs';
import { markdownTable } from '../../outage/markdown-table.ts';
import { countEverywhere } from '../examples/count-everywhere.ts';
import { exampleRunsSchema } from '../examples/example-runs.ts';

// Prints what the registry, Loki, Tempo and Prometheus count of the runs that keep-example-runs.ts keeps: `node cross-check.ts runs.json`.
const [file = 'runs.json'] = process.argv.slice(2);

const { stack, runs } = exampleRunsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
for (const subdomain of new Set(runs.map((run) => run.subdomain))) {
  const own = runs.filter((run) => run.subdomain === subdomain);
  const counts = await countEverywhere(stack, subdomain, runs);
  const columns = Object.values(counts);
  const names = [...new Set(columns.flatMap((column) => Object.keys(column)))].toSorted();
  const title = own.map(({ kind, runId }) => `${kind} ${runId}`).join(', ');
  process.stdout.write(`\n${own[0]?.example ?? ''}: ${title}\n\n`);
  process.stdout.write(
    markdownTable(
      ['', ...Object.keys(counts)],
      names.map((name) => [name, ...columns.map((column) => column[name] ?? 0)]),
    ),
  );
}
