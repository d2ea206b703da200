import { Controller, Get, HttpCode, ServiceUnavailableException } from '@nestjs/common';
import { Bus } from '../bus/bus.js';
import { Readiness } from './readiness.js';

/** For whoever restarts or routes: liveness knows nothing of the outside, so that one broker outage does not restart the fleet. */
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness, private readonly bus: Bus) {}

  @Get('live')
  @HttpCode(200)
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  @HttpCode(200)
  async ready(): Promise<{ status: string }> {
    const problems = [
      ...(this.readiness.accepting ? [] : ['the service is starting or stopping']),
      ...(this.bus.connected ? [] : ['the broker is away']),
      ...((await this.readiness.databaseAnswers()) ? [] : ['the database does not answer']),
    ];
    if (problems.length > 0) throw new ServiceUnavailableException(problems.join('; '));
    return { status: 'ok' };
  }
}
