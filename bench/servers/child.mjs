import process from 'node:process';

const [, , name, options] = process.argv;
const { start } = await import(`./${name}.mjs`);
await start(JSON.parse(options));
process.on('message', () => process.send(process.cpuUsage()));
process.send('ready');
