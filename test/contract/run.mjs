// npm run contract -- --recordings DIR [--topic NAME]
// Holds the embedded Authentik to recordings of real servers: a line for each exchange that is not met or left out.
import { parseArgs } from 'node:util';

import { startReceiver } from './receiver.mjs';
import { encryptedKinds, readRecordings } from './recordings.mjs';
import { replayTopic } from './replay.mjs';
import { startWorld } from './world.mjs';

/** Replays one topic on a server of its own: none was recorded with what another one left behind. */
export async function replayOn({ world, topics }, topic, report) {
  const receiver = await startReceiver();
  const authentik = await startWorld(world, encryptedKinds(world, topics), receiver.url);
  try {
    await replayTopic({ world, topics, authentik, receiver }, topic, report);
  } finally {
    await authentik.stop();
    await receiver.stop();
  }
}

/** @returns how many exchanges of a folder are met, not met, and left out */
export async function replayFolder(folder, say = () => undefined, only) {
  const recordings = readRecordings(folder);
  const count = { met: 0, notMet: 0, leftOut: 0 };
  for (const topic of recordings.topics.filter(({ topic: name }) => only === undefined || name === only)) {
    await replayOn(recordings, topic, ({ topic: name, name: exchange, leftOut, differences }) => {
      if (leftOut !== undefined) {
        count.leftOut += 1;
        say(`left out: ${name}: ${exchange}: ${leftOut}`);
      } else if (differences.length === 0) count.met += 1;
      else {
        count.notMet += 1;
        say(`not met: ${name}: ${exchange}: ${differences.join('; ')}`);
      }
    });
  }
  return count;
}

const say = (line) => process.stdout.write(`${line}\n`);

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({ options: { recordings: { type: 'string' }, topic: { type: 'string' } } });
  if (values.recordings === undefined) {
    process.stderr.write('Name a folder of recordings: npm run contract -- --recordings DIR\n');
    process.exit(2);
  }
  const { met, notMet, leftOut } = await replayFolder(values.recordings, say, values.topic);
  say(`${met} met, ${notMet} not met, ${leftOut} left out`);
  process.exitCode = notMet > 0 ? 1 : 0;
}
