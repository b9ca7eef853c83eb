import { Controller, Get, Module } from '@nestjs/common';
import { AllowedGroups, AuthentikModule, type AuthentikUser, CurrentUser } from 'nestjs-authentik';

@Controller('reports')
export class ReportsController {
  @Get()
  @AllowedGroups('engineering')
  list(@CurrentUser() user: AuthentikUser) {
    return { reports: [], for: user.username };
  }
}

/** As it runs in production: nothing here knows of tests. */
@Module({
  imports: [
    AuthentikModule.forRoot({
      url: 'https://auth.example.com',
      applicationSlug: 'reports',
      clientId: 'reports-api',
      publicUrl: 'https://reports.example.com',
    }),
  ],
  controllers: [ReportsController],
})
export class AppModule {}
