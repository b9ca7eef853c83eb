import { Controller, Get } from '@nestjs/common';
import { AllowedGroups, type AuthentikUser, CurrentUser, Public } from 'nestjs-authentik';

import { RecordsService } from './records.service.js';

/** The same rights on plain HTTP. */
@Controller('api')
export class ApiController {
  constructor(private readonly records: RecordsService) {}

  @Get('public')
  @Public()
  forAnybody() {
    return { message: 'This is for anybody.' };
  }

  @Get('me')
  me(@CurrentUser() { username, name, email, groups }: AuthentikUser) {
    return { username, name, email, groups };
  }

  @Get('team')
  @AllowedGroups('engineering')
  team(@CurrentUser('username') username: string) {
    return { message: `This is for engineering, ${username}.` };
  }

  @Get('admin')
  @AllowedGroups('authentik Admins')
  admin() {
    return { message: 'This is for administrators.', records: this.records.count };
  }
}
