/** What is compared: each does `count` units of the same work. */
export interface Contender {
  readonly name: string;
  run(count: number): Promise<void> | void;
}

/** CPU of one contender: microseconds of the main thread for one unit, median over the rounds. */
export interface Measurement {
  readonly name: string;
  readonly microseconds: number;
}

/**
 * Measures contenders in interleaved rounds, so that what disturbs the machine disturbs all alike. Only ratios of the result
 * mean anything.
 */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
  unitsPerRound: number,
): Promise<Measurement[]> {
  const samples = contenders.map((): number[] => []);
  for (const contender of contenders) await contender.run(unitsPerRound);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const before = process.threadCpuUsage();
      await contender.run(unitsPerRound);
      const { user, system } = process.threadCpuUsage(before);
      samples[index]?.push((user + system) / unitsPerRound);
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    microseconds: median(samples[index] ?? []),
  }));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
