// Acts as somebody and stops nothing: the Authentik that this starts must not keep the process alive.
import process from 'node:process';

import { actingAs, authentikOptions, embeddedAuthentik } from 'nestjs-authentik-testing';

const { url } = await authentikOptions();
const headers = await actingAs({ groups: ['engineering'] });
const answer = await fetch(`${url}/application/o/userinfo/`, { headers });
const { groups } = await answer.json();
process.stdout.write(JSON.stringify({ groups, same: (await embeddedAuthentik()).url === url }));
