/** The part of OTLP/JSON that the views read. Numbers of 64 bits come as strings or as numbers. */
export interface AnyValueJson {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValueJson[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValueJson[] };
  readonly bytesValue?: string;
}
export interface KeyValueJson {
  readonly key: string;
  readonly value?: AnyValueJson;
}
interface ResourceJson {
  readonly resource?: { readonly attributes?: readonly KeyValueJson[] };
}
interface ScopeJson {
  readonly scope?: { readonly name?: string; readonly version?: string };
}
export interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly KeyValueJson[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly {
    readonly name: string;
    readonly attributes?: readonly KeyValueJson[];
  }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: readonly KeyValueJson[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}
export interface LogRecordJson {
  readonly timeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: AnyValueJson;
  readonly attributes?: readonly KeyValueJson[];
  readonly traceId?: string;
  readonly spanId?: string;
  readonly eventName?: string;
}
export interface PointJson {
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly asDouble?: number;
  readonly asInt?: string | number;
  readonly count?: string | number;
  readonly sum?: number;
  readonly bucketCounts?: readonly (string | number)[];
  readonly explicitBounds?: readonly number[];
  readonly attributes?: readonly KeyValueJson[];
}
interface PointsJson {
  readonly dataPoints?: readonly PointJson[];
  readonly aggregationTemporality?: number;
  readonly isMonotonic?: boolean;
}
export interface MetricJson {
  readonly name: string;
  readonly unit?: string;
  readonly description?: string;
  readonly gauge?: PointsJson;
  readonly sum?: PointsJson;
  readonly histogram?: PointsJson;
}
export interface TracesJson {
  readonly resourceSpans?: readonly (ResourceJson & {
    readonly scopeSpans?: readonly (ScopeJson & { readonly spans?: readonly SpanJson[] })[];
  })[];
}
export interface LogsJson {
  readonly resourceLogs?: readonly (ResourceJson & {
    readonly scopeLogs?: readonly (ScopeJson & {
      readonly logRecords?: readonly LogRecordJson[];
    })[];
  })[];
}
export interface MetricsJson {
  readonly resourceMetrics?: readonly (ResourceJson & {
    readonly scopeMetrics?: readonly (ScopeJson & { readonly metrics?: readonly MetricJson[] })[];
  })[];
}

/** A plain value as attributes and bodies hold it. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

export function plainValue(value: AnyValueJson | undefined): PlainValue {
  if (value === undefined) return null;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return value.doubleValue;
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainValue);
  if (value.kvlistValue !== undefined) return plainAttributes(value.kvlistValue.values);
  return value.bytesValue ?? null;
}

export function plainAttributes(
  attributes: readonly KeyValueJson[] | undefined,
): Record<string, PlainValue> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, plainValue(value)]));
}
