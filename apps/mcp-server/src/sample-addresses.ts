import { Injectable } from '@nestjs/common';
import { InjectAuthentikOptions, type ResolvedAuthentikOptions } from 'nestjs-authentik';

/** Path of the MCP endpoint. */
export const MCP_PATH = '/mcp';

/** Where things are, for people. All of it derives from the checked options, nothing from a request. */
@Injectable()
export class SampleAddresses {
  readonly startPage: string;
  readonly mcpUrl: string;
  readonly issuer: string;
  /** Authentik registers no clients by itself, so each has to be told. */
  readonly clientId: string;

  constructor(@InjectAuthentikOptions() { publicUrl, issuer, clientId }: ResolvedAuthentikOptions) {
    this.startPage = `${publicUrl}/`;
    this.mcpUrl = `${publicUrl}${MCP_PATH}`;
    this.issuer = issuer;
    this.clientId = clientId;
  }
}
