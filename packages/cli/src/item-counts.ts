import { type ItemTotals } from '@milepost/registry';

/** How many items succeeded, of how many: `4/5`; empty where there were none to count. */
export function itemCounts(items: ItemTotals | undefined): string {
  return items === undefined ? '' : `${items.successful}/${items.total}`;
}

/** Items that neither succeeded nor failed: cancelled or skipped. */
export function itemsLeftOut({ total, successful, failed }: ItemTotals): number {
  return Math.max(0, total - successful - failed);
}

/** The items of several executions together; undefined where none counted any. */
export function addItems(all: readonly (ItemTotals | undefined)[]): ItemTotals | undefined {
  const counted = all.filter((items) => items !== undefined);
  if (counted.length === 0) return undefined;
  const sum = (key: keyof ItemTotals): number =>
    counted.reduce((total, items) => total + items[key], 0);
  return { total: sum('total'), successful: sum('successful'), failed: sum('failed') };
}
