import { type Builder, type Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { type Panel as PanelModel } from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as logs from '@grafana/grafana-foundation-sdk/logs';
import * as loki from '@grafana/grafana-foundation-sdk/loki';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as tempo from '@grafana/grafana-foundation-sdk/tempo';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { type Panel, type PanelQuery } from './panel.ts';

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
    .unit(panel.unit)
    .noValue(panel.noData)
    .span(panel.width)
    .height(panel.height);
  panel.queries.forEach((query, index) => {
    builder.withTarget(queryBuilder(query, panel.kind, String.fromCodePoint(REF_ID_A + index)));
  });
  return builder;
}

const REF_ID_A = 65;

function ofKind({ kind }: Panel): AnyPanelBuilder {
  switch (kind) {
    case 'timeseries':
      return new timeseries.PanelBuilder().min(0).legend(legend());
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
    case 'traces':
      return new table.PanelBuilder();
    case 'heatmap':
      return new heatmap.PanelBuilder();
    case 'logs':
      return new logs.PanelBuilder()
        .showTime(true)
        .wrapLogMessage(true)
        .enableLogDetails(true)
        .sortOrder(common.LogsSortOrder.Ascending);
    default:
      return kind satisfies never;
  }
}

function legend(): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom);
}

function queryBuilder(
  { datasource, expr, legend, instant = false }: PanelQuery,
  kind: Panel['kind'],
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
      return instant ? query.instant() : query.range();
    }
    case 'loki': {
      const query = new loki.DataqueryBuilder()
        .refId(refId)
        .datasource(source)
        .expr(expr)
        .queryType(instant ? 'instant' : 'range');
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
