import { Controller } from '@nestjs/common';
import { api, type Health, type Readiness } from '@tunesmith/contracts';
import { Bus, Database, PlatformError } from '@tunesmith/platform';
import type { z } from 'zod';
import { installedVersion } from '../version.js';
import { openApiDocument } from './openapi.js';
import { Serves } from './serves.js';

@Controller()
export class HealthController {
  private readonly version = installedVersion();
  private readonly document = openApiDocument(this.version);

  constructor(private readonly database: Database, private readonly bus: Bus) {}

  /** Asks nothing else: a broker that is away for a moment must not make anybody restart the process. */
  @Serves(api.health)
  health(): z.infer<typeof Health> {
    return { status: 'ok', version: this.version };
  }

  @Serves(api.readiness)
  async readiness(): Promise<z.infer<typeof Readiness>> {
    const missing = [...(this.bus.connected ? [] : ['the broker']), ...((await this.databaseAnswers()) ? [] : ['the database'])];
    if (missing.length === 0) return { status: 'ready' };
    throw new PlatformError({ code: 'not-ready', message: `expected the broker and the database to answer; ${missing.join(' and ')} ${missing.length === 1 ? 'does' : 'do'} not`, facts: { missing }, retryable: true });
  }

  @Serves(api.openapi)
  openapi(): object {
    return this.document;
  }

  private async databaseAnswers(): Promise<boolean> {
    try {
      await this.database.dataSource.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}
