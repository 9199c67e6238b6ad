import { expect, inject, test } from 'vitest';

const { stack } = inject('exampleRuns');

// A block builder takes spans from Kafka, which is not here.
const UNUSED = 'block-builder';

test('Tempo keeps what it is told in its own directory, which no other Tempo of the machine shares', async () => {
  const response = await fetch(`${stack.tempoUrl}/status/config`);
  const settings = await response.text();
  const places = Array.from(
    settings.matchAll(/^ *(?:path|local_work_path|shutdown_marker_dir): (?<place>\/.+)$/gm),
    ({ groups }) => groups?.['place'] ?? '',
  ).filter((place) => !place.includes(UNUSED));
  expect(places).toHaveLength(5);
  for (const place of places) expect(place).toMatch(/\/milepost-stack-\w+\/tempo\//);
});
