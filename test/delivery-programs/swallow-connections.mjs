/**
 * Listens, prints its port, and stops (until someone kills it). The system still takes as many connections as fit into
 * the queue; when that is full, nothing ever answers one who wants to connect, as behind a firewall.
 */
import { writeSync } from 'node:fs';
import { createServer } from 'node:net';

const server = createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  writeSync(1, `${server.address().port}\n`);
  process.kill(process.pid, 'SIGSTOP');
});
