/** Arguments for Node so that a program runs what the tests run: the sources, or with MILEPOST_TEST_BUILT=1 the built packages. */
export const conditions: readonly string[] =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];
