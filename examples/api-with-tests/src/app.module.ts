import { Controller, Get, Module } from '@nestjs/common';
import {
  AllowedGroups,
  AuthentikModule,
  type AuthentikUser,
  authentikConfigFromEnv,
  CurrentUser,
} from 'nestjs-authentik';

@Controller('reports')
export class ReportsController {
  @Get()
  @AllowedGroups('engineering')
  list(@CurrentUser() user: AuthentikUser) {
    return { reports: [], for: user.username };
  }
}

/** Reads `AUTHENTIK_URL`, `AUTHENTIK_APPLICATION_SLUG`, … when the app starts. */
@Module({
  imports: [AuthentikModule.forRootAsync({ useFactory: () => authentikConfigFromEnv() })],
  controllers: [ReportsController],
})
export class AppModule {}
