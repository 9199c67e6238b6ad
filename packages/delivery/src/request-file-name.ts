/** What the name of a request's file says, so that listing a directory needs no reading. */
export interface RequestFileName {
  readonly sequence: number;
  /** Time of the oldest record, in milliseconds since the Unix epoch. */
  readonly time: number;
  readonly records: number;
  /** Bytes of the whole file. */
  readonly bytes: number;
  readonly isSuperseded: boolean;
  /** 16 hex digits that tell apart requests of several processes, among the dead letters. */
  readonly tag?: string;
}

const NAME = /^(\d{12,16})-(\d{1,16})-(\d{1,16})-(\d{1,16})(-latest)?(?:\.([0-9a-f]{16}))?\.otlp$/;

/** `{sequence}-{time}-{records}-{bytes}.otlp`, with `-latest` where a later request makes it superfluous. */
export function requestFileName(name: RequestFileName): string {
  const { sequence, time, records, bytes, isSuperseded, tag } = name;
  const latest = isSuperseded ? '-latest' : '';
  const end = tag === undefined ? '' : `.${tag}`;
  return `${String(sequence).padStart(12, '0')}-${time}-${records}-${bytes}${latest}${end}.otlp`;
}

/** Reads a name back; undefined where it is not the name of a request's file. */
export function readRequestFileName(text: string): RequestFileName | undefined {
  const [, sequence, time, records, bytes, latest, tag] = NAME.exec(text) ?? [];
  const numbers = [sequence, time, records, bytes].map(Number);
  const [first = Number.NaN, second = 0, third = 0, fourth = 0] = numbers;
  if (!numbers.every((number) => Number.isSafeInteger(number))) return undefined;
  return {
    sequence: first,
    time: second,
    records: third,
    bytes: fourth,
    isSuperseded: latest !== undefined,
    ...(tag === undefined ? {} : { tag }),
  };
}
