import { numberText } from './record-counts.ts';

/** A number of things for people: `1 run`, `1,204 runs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}
