import { Controller, Req, Res } from '@nestjs/common';
import { api, type FinishedSpan, type RunView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expandRecipe } from '../recipes/expand-recipe.js';
import { resolveInputs } from '../recipes/recipe-inputs.js';
import { RecipesRepository } from '../recipes/recipes.repository.js';
import { Ledgers } from '../runs/ledgers.js';
import { RunControl } from '../runs/run-control.js';
import { checkedSteps, RunStarter, type RunRequest } from '../runs/run-starter.js';
import { RunStream } from '../runs/run-stream.js';
import { RunsRepository } from '../runs/runs.repository.js';
import { SpansRepository } from '../traces/spans.repository.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class RunsController {
  constructor(
    private readonly database: Database,
    private readonly ledgers: Ledgers,
    private readonly starter: RunStarter,
    private readonly control: RunControl,
    private readonly stream: RunStream,
  ) {}

  @Serves(api.startRun)
  async start(@Input() { body }: InputOf<typeof api.startRun>): Promise<RunView> {
    const request = await this.requestOf(body);
    const plan = await this.starter.plan(request);
    return this.ledgers.write((ledger) => this.starter.start(request, plan, ledger));
  }

  @Serves(api.listRuns)
  list(@Input() { query }: InputOf<typeof api.listRuns>): Promise<RunView[]> {
    return this.runs().list(query);
  }

  @Serves(api.showRun)
  show(@Input() { parameters }: InputOf<typeof api.showRun>): Promise<RunView> {
    return this.runs().show(parameters.id);
  }

  @Serves(api.watchRun)
  async watch(@Input() { parameters }: InputOf<typeof api.watchRun>, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.runs().show(parameters.id); // Where there is no such run, the answer is a problem and not a stream.
    reply.hijack();
    await this.stream.write(parameters.id, request.raw, reply.raw);
  }

  @Serves(api.cancelRun)
  cancel(@Input() { parameters }: InputOf<typeof api.cancelRun>): Promise<RunView> {
    return this.control.cancel(parameters.id);
  }

  @Serves(api.resumeRun)
  resume(@Input() { parameters }: InputOf<typeof api.resumeRun>): Promise<RunView> {
    return this.control.resume(parameters.id);
  }

  @Serves(api.traceRun)
  async trace(@Input() { parameters }: InputOf<typeof api.traceRun>): Promise<FinishedSpan[]> {
    const { traceId } = await this.runs().show(parameters.runId);
    return new SpansRepository(this.database.dataSource.manager).ofTrace(traceId);
  }

  private async requestOf(body: InputOf<typeof api.startRun>['body']): Promise<RunRequest> {
    const { project } = body;
    if ('steps' in body) return { project, recipe: body.name, recipeVersion: null, steps: checkedSteps(body.name, body.steps), event: {} };
    const { recipe, version } = await new RecipesRepository(this.database.dataSource.manager, project).show(body.recipe);
    const steps = expandRecipe(recipe, resolveInputs(recipe.inputs, body.inputs));
    const event = Object.keys(body.inputs).length > 0 ? { ...body.event, inputs: body.inputs } : body.event;
    return { project, recipe: recipe.name, recipeVersion: version, steps, event };
  }

  private runs(): RunsRepository {
    return new RunsRepository(this.database.dataSource.manager);
  }
}
