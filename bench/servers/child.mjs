import process from 'node:process';

const [, , name, options] = process.argv;
const { start } = await import(`./${name}.mjs`);
const answers = {
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  ...(await start(JSON.parse(options))),
};
const answer = async ({ question, parameter }) => {
  process.send({ answer: await answers[question](parameter) });
};
// A rejection ends the process, and whoever asked hears of that.
process.on('message', (message) => void answer(message));
process.send({ answer: 'ready' });
