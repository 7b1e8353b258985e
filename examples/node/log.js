// What is written for people to read.

/** One line to standard error. What came from others is shown as JSON, so that it can't forge lines. */
export function log(line) {
  process.stderr.write(`${process.pid} ${line}\n`);
}

/** Whoever reads the output may go: that ends no process. */
export function surviveReaders() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
