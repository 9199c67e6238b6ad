import { type Builder, type Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorModeId,
  type Panel as PanelModel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as logs from '@grafana/grafana-foundation-sdk/logs';
import * as loki from '@grafana/grafana-foundation-sdk/loki';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as tempo from '@grafana/grafana-foundation-sdk/tempo';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { type Panel, type PanelQuery } from './panel.ts';
import { columnProperties, columnTransformations, textMapping } from './render-columns.ts';
import { STATUS_COLOURS } from './status-colours.ts';

type AnyPanelBuilder =
  | heatmap.PanelBuilder
  | logs.PanelBuilder
  | stat.PanelBuilder
  | table.PanelBuilder
  | timeseries.PanelBuilder;

/** A panel of Grafana's. */
export function panelBuilder(panel: Panel): Builder<PanelModel> {
  const builder = ofKind(panel)
    .title(panel.title)
    .description(panel.description)
    .unit(panel.kind === 'heatmap' ? 'short' : panel.unit)
    .noValue(panel.noData)
    .span(panel.width)
    .height(panel.height);
  if (panel.max !== undefined) builder.max(panel.max);
  if (panel.timeFrom !== undefined) builder.timeFrom(panel.timeFrom);
  addLooks(builder, panel);
  addColumns(builder, panel);
  panel.queries.forEach((query, index) => {
    builder.withTarget(queryBuilder(query, panel, String.fromCodePoint(REF_ID_A + index)));
  });
  return builder;
}

function addLooks(builder: AnyPanelBuilder, { thresholds, valueTexts, isByStatus }: Panel): void {
  if (thresholds !== undefined) {
    const steps = thresholds.map(({ from, colour }) => ({ value: from, color: colour }));
    builder.thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]),
    );
  }
  if (valueTexts !== undefined) builder.mappings([textMapping(valueTexts)]);
  if (isByStatus === true) {
    for (const [status, fixedColor] of Object.entries(STATUS_COLOURS)) {
      const color = { mode: FieldColorModeId.Fixed, fixedColor };
      builder.overrideByName(status, [{ id: 'color', value: color }]);
    }
  }
}

function addColumns(builder: AnyPanelBuilder, { columns, queries }: Panel): void {
  if (columns === undefined) return;
  builder.transformations([...columnTransformations(columns, queries.length)]);
  for (const column of columns) {
    builder.overrideByName(column.title, [...columnProperties(column)]);
  }
}

const REF_ID_A = 65;

function ofKind({ kind, unit, sortBy, first = 'oldest' }: Panel): AnyPanelBuilder {
  switch (kind) {
    case 'timeseries':
      return (
        new timeseries.PanelBuilder()
          .min(0)
          // A stage that ran once has one point, and no line.
          .showPoints(common.VisibilityMode.Always)
          .legend(legend())
      );
    case 'bars':
      return new timeseries.PanelBuilder()
        .drawStyle(common.GraphDrawStyle.Bars)
        .fillOpacity(80)
        .min(0)
        .legend(legend())
        .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
    case 'stat':
      return new stat.PanelBuilder();
    case 'table':
      return tableBuilder(sortBy);
    case 'traces':
      return new table.PanelBuilder();
    case 'heatmap':
      return new heatmap.PanelBuilder()
        .yAxis(new heatmap.YAxisConfigBuilder().unit(unit))
        .cellValues(new heatmap.CellValuesBuilder().unit('short'));
    case 'logs':
      return new logs.PanelBuilder()
        .showTime(true)
        .wrapLogMessage(true)
        .enableLogDetails(true)
        .sortOrder(
          first === 'oldest' ? common.LogsSortOrder.Ascending : common.LogsSortOrder.Descending,
        );
    default:
      return kind satisfies never;
  }
}

function tableBuilder(sortBy: Panel['sortBy']): table.PanelBuilder {
  const builder = new table.PanelBuilder().filterable(true);
  if (sortBy === undefined) return builder;
  return builder.sortBy([
    new common.TableSortByFieldStateBuilder().displayName(sortBy.column).desc(sortBy.descending),
  ]);
}

function legend(): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom);
}

function queryBuilder(
  { datasource, expr, legend, instant = false, minStep }: PanelQuery,
  { kind, first = 'oldest' }: Panel,
  refId: string,
): Builder<Dataquery> {
  const source = { type: datasource, uid: datasource };
  switch (datasource) {
    case 'prometheus': {
      const query = new prometheus.DataqueryBuilder()
        .refId(refId)
        .datasource(source)
        .expr(expr)
        .format(formatOf(kind));
      if (legend !== undefined) query.legendFormat(legend);
      if (minStep !== undefined) query.interval(minStep);
      return instant ? query.instant() : query.range();
    }
    case 'loki': {
      const query = new loki.DataqueryBuilder()
        .refId(refId)
        .datasource(source)
        .expr(expr)
        .queryType(instant ? 'instant' : 'range');
      if (kind === 'logs') {
        query.direction(
          first === 'oldest' ? loki.LokiQueryDirection.Forward : loki.LokiQueryDirection.Backward,
        );
      }
      return legend === undefined ? query : query.legendFormat(legend);
    }
    case 'tempo':
      return new tempo.DataqueryBuilder()
        .refId(refId)
        .datasource(source)
        .query(expr)
        .queryType('traceql')
        .tableType(tempo.SearchTableType.Traces);
    default:
      return datasource satisfies never;
  }
}

function formatOf(kind: Panel['kind']): prometheus.PromQueryFormat {
  if (kind === 'table') return prometheus.PromQueryFormat.Table;
  return kind === 'heatmap'
    ? prometheus.PromQueryFormat.Heatmap
    : prometheus.PromQueryFormat.TimeSeries;
}
