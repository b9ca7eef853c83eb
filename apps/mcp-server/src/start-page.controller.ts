import { Controller, Get, Header } from '@nestjs/common';
import { AuthentikStatus, Public } from 'nestjs-authentik';

import { SampleAddresses } from './sample-addresses.js';
import { startPage } from './start-page.js';

@Controller()
export class StartPageController {
  constructor(
    private readonly addresses: SampleAddresses,
    private readonly status: AuthentikStatus,
  ) {}

  @Get()
  @Public()
  @Header('content-type', 'text/html; charset=utf-8')
  startPage(): string {
    return startPage(this.addresses, this.status.current);
  }
}
