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
process.on('message', ({ question, parameter }) => {
  Promise.resolve(answers[question](parameter)).then((answer) => process.send({ answer }));
});
process.send({ answer: 'ready' });
