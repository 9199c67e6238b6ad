import { type ReceivedSpan, type SpanNode, treesOf } from '../../../test/otlp-server/span-view.ts';

/**
 * Spans as indented lines: unit, name and status. Trees that look alike below one parent are one, with how many there are; they
 * stand in the order of their names, since work goes on side by side.
 */
export function drawGrouped(spans: readonly ReceivedSpan[]): string {
  return drawLevel(treesOf(spans));
}

function drawLevel(nodes: readonly SpanNode[]): string {
  const drawn = nodes.map(({ span, children }) => {
    const { name, attributes } = span;
    const line = [attributes['pipeline.unit'], name, attributes['status']].join(' ');
    return { line, below: drawLevel(children) };
  });
  const alike = Map.groupBy(drawn, ({ line, below }) => `${line}\n${below}`);
  return [...alike.values()]
    .flatMap(([first, ...others]) =>
      first === undefined ? [] : [{ ...first, count: others.length + 1 }],
    )
    .toSorted((a, b) => a.line.localeCompare(b.line) || a.below.localeCompare(b.below))
    .map(({ line, below, count }) =>
      [count === 1 ? line : `${line} (${count})`, ...indented(below)].join('\n'),
    )
    .join('\n');
}

function indented(text: string): readonly string[] {
  return text === '' ? [] : text.split('\n').map((line) => `  ${line}`);
}
