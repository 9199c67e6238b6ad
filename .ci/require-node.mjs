// Says early, and in words, what a Node too old for the scripts would say with a stack trace.
// They are meant to run on the Node of the development dependency `node`, which npm puts first on their path.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    [
      `This needs Node 24 or newer, and would run on ${process.version} (${process.execPath}).`,
      '',
      'The right one comes with `npm ci`, by the install script of the npm package `node`.',
      'That script did not run: install scripts are switched off (ignore-scripts). Let this one run with',
      '',
      '    npm rebuild node --ignore-scripts=false',
      '',
    ].join('\n'),
  );
  process.exit(1);
}
