import { styleText } from 'node:util';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import {
  ATTR_ATTEMPT,
  ATTR_DURATION_SECONDS,
  ATTR_END_TIME,
  ATTR_ERROR_CATEGORY,
  ATTR_ERROR_MESSAGE,
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_IMPLICIT,
  ATTR_LEVEL,
  ATTR_PARENT_RUN_ID,
  ATTR_PIPELINE,
  ATTR_PIPELINE_UNIT,
  ATTR_RETRY_COUNT,
  ATTR_RUN_ID,
  ATTR_STAGE,
  ATTR_START_TIME,
  ATTR_STATUS,
  ATTR_SUBDOMAIN,
  LEVEL_VALUE_DEBUG,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
} from '@milepost/semconv';
import { harmlessText } from './harmless-text.ts';

type Attributes = ReadableLogRecord['attributes'];
type Style = Parameters<typeof styleText>[0];

const MAX_VALUE_CHARACTERS = 200;
const MAX_LINE_CHARACTERS = 2_000;
const PLACE_WIDTH = 12;

const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  [LEVEL_VALUE_DEBUG]: 'gray',
  [LEVEL_VALUE_INFO]: 'cyan',
  [LEVEL_VALUE_WARNING]: 'yellow',
  [LEVEL_VALUE_ERROR]: 'red',
};

// Told by the rest of the line, or the same on every line of a run.
const UNTOLD: ReadonlySet<string> = new Set([
  ATTR_DURATION_SECONDS,
  ATTR_END_TIME,
  ATTR_ERROR_CATEGORY,
  ATTR_ERROR_MESSAGE,
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_IMPLICIT,
  ATTR_LEVEL,
  ATTR_PARENT_RUN_ID,
  ATTR_PIPELINE,
  ATTR_PIPELINE_UNIT,
  ATTR_RETRY_COUNT,
  ATTR_RUN_ID,
  ATTR_STAGE,
  ATTR_START_TIME,
  ATTR_STATUS,
  ATTR_SUBDOMAIN,
]);

/**
 * Log records as lines for people: time (UTC), level, stage (or pipeline), message, duration, fields, and the error; below it the
 * stack, once where an item, its stage and its run fail of the same error. Coloured where the stream is a terminal,
 * `NO_COLOR` and `FORCE_COLOR` as Node.js reads them.
 */
export function createPrettyFormat(
  stream: NodeJS.WritableStream,
): (record: ReadableLogRecord) => string {
  const style = (format: Style, text: string): string => styleText(format, text, { stream });
  let printedStack: unknown;

  return (record) => {
    const { attributes } = record;
    const level = textOf(attributes[ATTR_LEVEL]) ?? LEVEL_VALUE_INFO;
    const time = new Date(hrTimeToMilliseconds(record.hrTime)).toISOString().slice(11);
    const place = textOf(attributes[ATTR_STAGE] ?? attributes[ATTR_PIPELINE]) ?? '';
    const head = [
      style('dim', time),
      style(LEVEL_STYLES[level] ?? 'cyan', level.toUpperCase().padEnd('WARNING'.length)),
      style('bold', bounded(place).padEnd(PLACE_WIDTH)),
      harmlessText(
        typeof record.body === 'string' ? record.body : (JSON.stringify(record.body) ?? ''),
        MAX_LINE_CHARACTERS,
      ),
    ];
    const details = [...runOf(attributes), ...durationOf(attributes), ...fieldsOf(attributes)];
    if (details.length > 0) head.push(style('dim', details.join(' ')));
    const error = errorOf(attributes);
    if (error !== undefined) head.push(style('red', error));

    const stack = attributes[ATTR_EXCEPTION_STACKTRACE];
    if (typeof stack !== 'string' || stack === printedStack) return head.join(' ');
    printedStack = stack;
    const lines = stack
      .split('\n')
      .map((line) => style('dim', `    ${harmlessText(line, MAX_LINE_CHARACTERS)}`));
    return [head.join(' '), ...lines].join('\n');
  };
}

// Below a stage the run is the one that was named at its start.
function runOf(attributes: Attributes): string[] {
  const runId = attributes[ATTR_RUN_ID];
  return runId === undefined || attributes[ATTR_STAGE] !== undefined ? [] : [valueText(runId)];
}

function durationOf(attributes: Attributes): string[] {
  const seconds = attributes[ATTR_DURATION_SECONDS];
  return typeof seconds === 'number' ? [`${seconds.toFixed(seconds < 10 ? 3 : 1)}s`] : [];
}

function fieldsOf(attributes: Attributes): string[] {
  return Object.entries(attributes)
    .filter(([name, value]) => !UNTOLD.has(name) && !(name === ATTR_ATTEMPT && value === 1))
    .map(([name, value]) => `${bounded(name)}=${valueText(value)}`);
}

function errorOf(attributes: Attributes): string | undefined {
  const parts = [attributes[ATTR_ERROR_TYPE], attributes[ATTR_ERROR_MESSAGE]].flatMap(
    (part) => textOf(part) ?? [],
  );
  return parts.length === 0 ? undefined : bounded(parts.join(': '));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function valueText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string' && /^[^\s"'=\p{Cc}]+$/u.test(value)) return bounded(value);
  return bounded(JSON.stringify(value));
}

// A text from outside must not move the cursor, colour the terminal or forge a second line.
function bounded(text: string): string {
  return harmlessText(text, MAX_VALUE_CHARACTERS);
}
