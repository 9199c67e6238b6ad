import { type PlainValue, type TracesJson, plainAttributes } from './otlp-json.ts';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer' | 'unspecified';
  readonly status: 'unset' | 'ok' | 'error';
  readonly statusMessage: string | undefined;
  /** Nanoseconds since the Unix epoch. */
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly attributes: Record<string, PlainValue>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Record<string, PlainValue>;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: Record<string, PlainValue>;
  }[];
  readonly droppedAttributesCount: number;
  readonly scope: string;
  readonly resource: Record<string, PlainValue>;
}

/** A span with its children, as a test writes it down: by name, ordered by start, then by name. */
export interface SpanNode {
  readonly span: ReceivedSpan;
  readonly children: readonly SpanNode[];
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const STATUSES = ['unset', 'ok', 'error'] as const;

export function spansOf(request: TracesJson): ReceivedSpan[] {
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    (scopeSpans ?? []).flatMap(({ scope, spans }) =>
      (spans ?? []).map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId === '' ? undefined : span.parentSpanId,
        name: span.name,
        kind: KINDS[span.kind ?? 0] ?? 'unspecified',
        status: STATUSES[span.status?.code ?? 0] ?? 'unset',
        statusMessage: span.status?.message,
        startTime: BigInt(span.startTimeUnixNano),
        endTime: BigInt(span.endTimeUnixNano),
        attributes: plainAttributes(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name,
          attributes: plainAttributes(event.attributes),
        })),
        links: (span.links ?? []).map((link) => ({
          traceId: link.traceId,
          spanId: link.spanId,
          attributes: plainAttributes(link.attributes),
        })),
        droppedAttributesCount: span.droppedAttributesCount ?? 0,
        scope: scope?.name ?? '',
        resource: plainAttributes(resource?.attributes),
      })),
    ),
  );
}

/** Spans as trees. A span whose parent did not arrive is a root too: compare `span.parentSpanId`. */
export function treesOf(spans: readonly ReceivedSpan[]): SpanNode[] {
  const key = (traceId: string, spanId: string | undefined): string => `${traceId}/${spanId}`;
  const known = new Set(spans.map((span) => key(span.traceId, span.spanId)));
  const node = (span: ReceivedSpan): SpanNode => ({
    span,
    children: inOrder(
      spans.filter(
        (child) => key(child.traceId, child.parentSpanId) === key(span.traceId, span.spanId),
      ),
    ).map(node),
  });
  return inOrder(spans.filter((span) => !known.has(key(span.traceId, span.parentSpanId)))).map(
    node,
  );
}

/** Trees as indented lines, one span a line, for inline snapshots. */
export function drawTrees(
  trees: readonly SpanNode[],
  describe: (span: ReceivedSpan) => string = (span) => span.name,
  indent = '',
): string {
  return trees
    .map(({ span, children }) =>
      [`${indent}${describe(span)}`, drawTrees(children, describe, `${indent}  `)]
        .filter((line) => line !== '')
        .join('\n'),
    )
    .join('\n');
}

function inOrder(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  return spans.toSorted(
    (a, b) => Number(a.startTime - b.startTime) || a.name.localeCompare(b.name),
  );
}
