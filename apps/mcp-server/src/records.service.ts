import { Injectable } from '@nestjs/common';

/** Something worth protecting. Lives in memory; a restart brings it back. */
@Injectable()
export class RecordsService {
  private records = ['Invoice 1001', 'Invoice 1002', 'Invoice 1003'];

  get count(): number {
    return this.records.length;
  }

  /** @returns how many records are gone now */
  purge(): number {
    const purged = this.records.length;
    this.records = [];
    return purged;
  }
}
