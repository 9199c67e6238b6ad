import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openRegistry } from '@milepost/registry';

/** Asks a registry for the runs of an item, and tells its parent which they are. */
const [, , root = '', item = ''] = process.argv;
const registry = openRegistry({ root, index: true });
const { sightings } = await registry.findItem(item);
await registry.close();
process.send?.({
  found: sightings.map(({ runId }) => runId),
  hasIndex: existsSync(join(root, '.milepost/index.sqlite')),
});
