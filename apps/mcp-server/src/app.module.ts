import { Module } from '@nestjs/common';
import { authentikConfigFromEnv, AuthentikModule } from 'nestjs-authentik';

import { ApiController } from './api.controller.js';
import { PagesController } from './pages/pages.controller.js';
import { portFromEnv } from './port.js';
import { RecordsService } from './records.service.js';
import { SampleAddresses } from './sample-addresses.js';
import { SampleTools } from './sample.tools.js';

@Module({
  imports: [
    AuthentikModule.forRootAsync({
      // Every handler asks for a signed-in user, but where @Public() stands: nothing is open by oversight.
      globalGuards: true,
      features: ['bearer', 'session', 'wellKnown'],
      // AUTHENTIK_URL, AUTHENTIK_APPLICATION_SLUG, AUTHENTIK_CLIENT_ID and the rest; ours alone has a default.
      useFactory: () => {
        const options = authentikConfigFromEnv({
          ...process.env,
          AUTHENTIK_PUBLIC_URL: process.env['AUTHENTIK_PUBLIC_URL'] || `http://localhost:${portFromEnv()}`,
        });
        // Without AUTHENTIK_SESSION_SECRET one is made at each start, for development; in production it has to be given.
        options.session ??= {};
        return options;
      },
    }),
  ],
  controllers: [SampleTools, ApiController, PagesController],
  providers: [RecordsService, SampleAddresses],
})
export class AppModule {}
