import { Test } from '@nestjs/testing';
import { actingAs, withEmbeddedAuthentik } from 'nestjs-authentik-testing';
import request from 'supertest';
import { afterAll, it } from 'vitest';

import { AppModule } from '../src/app.module.js';

const builder = await withEmbeddedAuthentik(Test.createTestingModule({ imports: [AppModule] }));
const app = await (await builder.compile()).createNestApplication().init();
afterAll(() => app.close());
const reports = () => request(app.getHttpServer()).get('/reports');

it('are for engineering', async () => {
  const engineer = await actingAs({ groups: ['engineering'] });
  await reports().set(engineer).expect(200);
});
it('are for nobody else', async () => {
  const salesman = await actingAs({ groups: ['sales'] });
  await reports().set(salesman).expect(403);
  await reports().expect(401);
});
