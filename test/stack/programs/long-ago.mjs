// Imported first, it makes a program live as many hours ago as MILEPOST_TEST_HOURS_AGO says.
const offset = Number(process.env['MILEPOST_TEST_HOURS_AGO']) * 3_600_000;
const now = Date.now.bind(Date);
const origin = performance.timeOrigin;

Date.now = () => now() - offset;
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => Reflect.construct(target, args.length === 0 ? [Date.now()] : args),
});
Object.defineProperty(performance, 'timeOrigin', { value: origin - offset });
