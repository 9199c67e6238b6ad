import { type Command, Option } from 'commander';
import { type RunSelection } from '@milepost/registry';
import { RUN_STATE_VALUES, RUN_STATUS_VALUES } from '@milepost/semconv/schemas';
import { type CliIo } from './cli-io.ts';
import { parseTimeOption } from './time-option.ts';

const STATUSES = [...new Set([...RUN_STATUS_VALUES, ...RUN_STATE_VALUES, 'lost'])];

/** The options that say which runs are meant. */
export type RunFilters = Pick<
  RunSelection,
  'status' | 'pipeline' | 'subdomain' | 'since' | 'until'
> & {
  readonly stage?: string;
  readonly item?: string;
};

/** Adds `--status`. */
export function addStatusOption(command: Command): Command {
  return command.addOption(
    new Option('--status <status>', 'runs of that status, or in that state').choices(STATUSES),
  );
}

/** Adds the options that say which runs are meant. */
export function addRunFilters(command: Command, io: CliIo): Command {
  const time = (text: string): number => parseTimeOption(text, io.now());
  return addStatusOption(command)
    .option('--stage <name>', 'runs with a record of that stage')
    .option('--pipeline <name>', 'runs of that pipeline')
    .option('--subdomain <name>', 'runs of that subdomain')
    .option(
      '--since <time>',
      'runs that started then or later: 2026-01-16, 2026-01-16T21:40, 24h',
      time,
    )
    .option('--until <time>', 'runs that started before then', time)
    .option('--item <id>', 'runs that touched that item');
}

/** The selection that filters are. */
export function selectionOf({ stage, item, ...rest }: RunFilters): RunSelection {
  return {
    ...rest,
    ...(stage !== undefined && { step: stage }),
    ...(item !== undefined && { itemId: item }),
  };
}

/** The filters as they are typed again. */
export function typedFilters({ since, until, ...names }: RunFilters): readonly string[] {
  const times = Object.entries({ since, until }).flatMap(([name, time]) =>
    time === undefined ? [] : [`--${name}`, new Date(time).toISOString()],
  );
  const texts = Object.entries(names).flatMap(([name, text]) => [`--${name}`, text]);
  return [...texts, ...times];
}
