import { fileURLToPath } from 'node:url';

import type { NestExpressApplication } from '@nestjs/platform-express';

const beside = (folder: string) => fileURLToPath(new URL(`../../${folder}`, import.meta.url));

/** Handlebars, which escapes whatever a page is given, and the stylesheet. */
export function serveViews(app: NestExpressApplication): void {
  app.setBaseViewsDir(beside('views'));
  app.setViewEngine('hbs');
  app.useStaticAssets(beside('public'), { prefix: '/assets/' });
}
