import {
  type DataTransformerConfig,
  type DynamicConfigValue,
  type ValueMapping,
  FieldColorModeId,
  MappingType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type Column } from './panel.ts';
import { STATUS_COLOURS } from './status-colours.ts';

/**
 * Grafana's transformations that leave just these columns, in their order, under their titles.
 * @param queries how many queries the table has: the rows of several become one where their labels agree
 */
export function columnTransformations(
  columns: readonly Column[],
  queries: number,
): readonly DataTransformerConfig[] {
  const entries = <T>(value: (column: Column, index: number) => T): Record<string, T> =>
    Object.fromEntries(columns.map((column, index) => [column.field, value(column, index)]));
  return [
    {
      id: 'filterFieldsByName',
      options: { include: { names: columns.map(({ field }) => field) } },
    },
    // Rows become one where all that both have is equal: without the time, which is when each was asked.
    ...(queries > 1 ? [{ id: 'merge', options: {} }] : []),
    {
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: entries((_, index) => index),
        renameByName: entries(({ title }) => title),
      },
    },
  ];
}

/** What Grafana shall do with the values of a column, besides showing them. */
export function columnProperties(column: Column): readonly DynamicConfigValue[] {
  const { unit, opens, isStatus = false, isBad = false, valueTexts, width } = column;
  return [
    { id: 'unit', value: unit ?? 'string' },
    // Otherwise the text for a panel without data stands in each empty cell, and in links made of it.
    { id: 'noValue', value: '' },
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(opens === undefined ? [] : [{ id: 'links', value: [linkTo(opens, column.opensLast)] }]),
    ...(valueTexts === undefined ? [] : [{ id: 'mappings', value: [textMapping(valueTexts)] }]),
    ...(isStatus
      ? [
          { id: 'mappings', value: [statusMapping()] },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]
      : []),
    ...(isBad
      ? [
          { id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor: 'red' } },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]
      : []),
  ];
}

const STAGE_LINK =
  '/d/milepost-stage?var-pipeline=${__data.fields.pipeline:percentencode}&var-stage=${__data.fields.stage:percentencode}';

const LINKS = {
  run: { title: 'The whole run', url: '/d/milepost-run?var-run_id=${__value.raw:percentencode}' },
  stage: { title: 'This stage over time', url: STAGE_LINK },
  subdomain: {
    title: 'This stage of this subdomain over time',
    url: `${STAGE_LINK}&var-subdomain=\${__value.raw:percentencode}`,
  },
} as const;

function linkTo(opens: keyof typeof LINKS, last: string | undefined): object {
  const { title, url } = LINKS[opens];
  const time = last === undefined ? '${__url_time_range}' : `from=now-${last}&to=now`;
  return { title, url: `${url}&${time}` };
}

/** Grafana's mapping of values to texts. */
export function textMapping(texts: Readonly<Record<string, string>>): ValueMapping {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(Object.entries(texts).map(([value, text]) => [value, { text }])),
  };
}

function statusMapping(): ValueMapping {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(STATUS_COLOURS).map(([status, color]) => [status, { text: status, color }]),
    ),
  };
}
