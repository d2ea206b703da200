import { Controller, Res } from '@nestjs/common';
import { api, type AssessmentView, type HandedInGrades, type RaterView } from '@tunesmith/contracts';
import type { FastifyReply } from 'fastify';
import { Assessments } from '../assessments/assessments.js';
import { raterPage, raterPagePolicy } from '../assessments/rater-page.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class AssessmentsController {
  constructor(private readonly assessments: Assessments) {}

  @Serves(api.assessmentPage)
  async open(@Input() _digest: InputOf<typeof api.assessmentPage>, @Res() reply: FastifyReply): Promise<void> {
    await sendPage(reply, raterPage);
  }

  @Serves(api.assessmentForm)
  async form(@Input() { parameters }: InputOf<typeof api.assessmentForm>, @Res() reply: FastifyReply): Promise<void> {
    await sendPage(reply, await this.assessments.page(parameters.digest));
  }

  @Serves(api.handInGrades)
  handIn(@Input() { parameters, body }: InputOf<typeof api.handInGrades>): Promise<RaterView> {
    return this.assessments.handIn(parameters.digest, body);
  }

  @Serves(api.showAssessment)
  show(@Input() { parameters }: InputOf<typeof api.showAssessment>): Promise<AssessmentView> {
    return this.assessments.show(parameters.digest);
  }

  @Serves(api.assessmentGrades)
  grades(@Input() { parameters }: InputOf<typeof api.assessmentGrades>): Promise<HandedInGrades[]> {
    return this.assessments.grades(parameters.digest);
  }
}

async function sendPage(reply: FastifyReply, page: string): Promise<void> {
  await reply.headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': raterPagePolicy, 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' }).send(page);
}
