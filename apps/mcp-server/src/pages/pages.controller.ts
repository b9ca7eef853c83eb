import { Controller, Get, Header, Render, UseFilters } from '@nestjs/common';
import {
  AcceptedCredentials,
  AllowedGroups,
  AuthentikStatus,
  type AuthentikStanding,
  type AuthentikUser,
  CurrentUser,
  OptionalAuth,
} from 'nestjs-authentik';

import { connectGuide } from '../connect-guide.js';
import { RecordsService } from '../records.service.js';
import { SampleAddresses } from '../sample-addresses.js';
import { RefusedPageFilter } from './refused-page.filter.js';
import { rightsOf, rightsOfAll } from './rights.js';

/** Pages for people. Who is not signed in and opens one that needs it is sent to sign in, and comes back to it. */
@Controller()
@UseFilters(RefusedPageFilter)
export class PagesController {
  constructor(
    private readonly addresses: SampleAddresses,
    private readonly status: AuthentikStatus,
    private readonly records: RecordsService,
  ) {}

  @Get()
  @OptionalAuth()
  // What is kept must not be shown when its reader has signed out.
  @Header('Cache-Control', 'no-store')
  @Render('start')
  start(@CurrentUser() user: AuthentikUser | undefined) {
    return {
      title: 'Authentik sample',
      user,
      addresses: this.addresses,
      standing: inWords(this.status.current),
      clients: connectGuide(this.addresses),
      rights: rightsOfAll,
    };
  }

  @Get('account')
  @AcceptedCredentials('session')
  @Header('Cache-Control', 'no-store')
  @Render('account')
  account(@CurrentUser() user: AuthentikUser) {
    const until = new Date(user.expiresAt * 1000).toISOString();
    const untilInWords = `${until.slice(0, 10)}, ${until.slice(11, 16)} UTC`;
    return { title: `${user.name} - Authentik sample`, user, until, untilInWords, rights: rightsOf(user) };
  }

  @Get('admin')
  @AcceptedCredentials('session')
  @AllowedGroups('authentik Admins')
  @Header('Cache-Control', 'no-store')
  @Render('admin')
  admin(@CurrentUser() user: AuthentikUser) {
    return { title: 'Administration - Authentik sample', user, count: this.records.count };
  }
}

/** How it stands with Authentik, as far as the app has noticed. */
function inWords({ status, reason, since }: AuthentikStanding): string {
  return status === 'up'
    ? 'up'
    : `${status} since ${since?.toISOString() ?? 'a while'}: ${reason ?? 'no reason known'}`;
}
