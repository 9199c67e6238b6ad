import {
  type DataTransformerConfig,
  type DynamicConfigValue,
  type ValueMapping,
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
    ...(queries > 1 ? [{ id: 'merge', options: {} }] : []),
    {
      id: 'filterFieldsByName',
      options: { include: { names: columns.map(({ field }) => field) } },
    },
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
  const { unit, opens, isStatus = false, width } = column;
  return [
    { id: 'unit', value: unit ?? 'string' },
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(opens === undefined ? [] : [{ id: 'links', value: [LINKS[opens]] }]),
    ...(isStatus
      ? [
          { id: 'mappings', value: [statusMapping()] },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]
      : []),
  ];
}

const LINKS = {
  run: {
    title: 'The whole run',
    url: '/d/milepost-run?var-run_id=${__value.raw:percentencode}&${__url_time_range}',
  },
  stage: {
    title: 'This stage over time',
    url: `/d/milepost-stage?${['pipeline', 'stage', 'subdomain']
      .map((name) => `var-${name}=\${__data.fields.${name}:percentencode}`)
      .join('&')}&\${__url_time_range}`,
  },
} as const;

function statusMapping(): ValueMapping {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(STATUS_COLOURS).map(([status, color]) => [status, { text: status, color }]),
    ),
  };
}
