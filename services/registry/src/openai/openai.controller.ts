import { Controller, Req, Res, type BeforeApplicationShutdown } from '@nestjs/common';
import { api, newId, respond, type ChatCompletion, type Completion, type Digest, type OpenAiModel, type OpenAiModelList, type QuantizationTarget, type RespondPiece, type RespondQuestion } from '@tunesmith/contracts';
import { ArtifactStore, Asker, Database, PlatformError } from '@tunesmith/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { Input, Serves, type InputOf } from '../http/serves.js';
import { ModelsRepository } from '../models/models.repository.js';
import { chatFormat, textFormat, type CompletionFormat, type CompletionHead } from './completion-format.js';
import { CompletionStream } from './completion-stream.js';
import { openAiError } from './openai-error.js';
import { questionOfChat, questionOfText } from './respond-question.js';
import { ServedModelFinder } from './served-model.js';

const project = 'default';

/** The routes that clients of OpenAI know. Names are looked up here; the evaluator computes. */
@Controller()
export class OpenAiController implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly problems = new ProblemFilter();

  constructor(private readonly database: Database, private readonly store: ArtifactStore, private readonly asker: Asker) {}

  beforeApplicationShutdown(): void {
    this.closing.abort(new PlatformError({ code: 'service-stopping', retryable: true, message: 'Expected the registry to go on; it stops. Try again in a moment.' }));
  }

  @Serves(api.openAiModels)
  async models(): Promise<OpenAiModelList> {
    const finder = this.finder();
    const models = await new ModelsRepository(this.database.dataSource.manager, project).list();
    const data: OpenAiModel[] = [];
    // The same bytes may stand under many names and versions.
    const formatsOf = new Map<Digest, QuantizationTarget[]>();
    for (const { name, versions, aliases } of models) {
      const common = { object: 'model', owned_by: project } as const;
      for (const [place, { version, artifact, createdAt }] of versions.entries()) {
        const created = Math.floor(Date.parse(createdAt) / 1000);
        const isLatest = place === versions.length - 1;
        const references = [...(isLatest ? [name] : []), ...Object.entries(aliases).filter(([, pointed]) => pointed === version).map(([alias]) => `${name}@${alias}`), `${name}:${version}`];
        const formats = formatsOf.get(artifact.digest) ?? (await finder.formatsOf(artifact.digest));
        formatsOf.set(artifact.digest, formats);
        for (const id of references.flatMap((reference) => [reference, ...formats.map((format) => `${reference}#${format}`)])) data.push({ ...common, id, created });
      }
    }
    return { object: 'list', data };
  }

  @Serves(api.openAiModel)
  async model(@Input() { parameters }: InputOf<typeof api.openAiModel>): Promise<OpenAiModel> {
    const { artifact } = await this.finder().find(parameters.model);
    const listed = (await this.models()).data.find(({ id }) => id === parameters.model);
    return listed ?? { id: parameters.model, object: 'model', created: await this.createdAt(artifact.digest), owned_by: project };
  }

  @Serves(api.chatCompletion)
  async chat(@Input() { body }: InputOf<typeof api.chatCompletion>, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<ChatCompletion | undefined> {
    const question = questionOfChat(body, await this.finder().find(body.model));
    return this.answer(question, body, chatFormat(headOf('chatcmpl', body.model), body.logprobs === true), request, reply);
  }

  @Serves(api.completion)
  async complete(@Input() { body }: InputOf<typeof api.completion>, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Completion | undefined> {
    const question = questionOfText(body, await this.finder().find(body.model));
    return this.answer(question, body, textFormat(headOf('cmpl', body.model), typeof body.logprobs === 'number'), request, reply);
  }

  /** The whole answer, or undefined where it was streamed. The work ends when the client goes. */
  private async answer<Document extends object>(
    question: RespondQuestion, { stream, stream_options: options }: { readonly stream?: boolean | null | undefined; readonly stream_options?: { include_usage?: boolean | undefined } | null | undefined },
    format: CompletionFormat<Document>, request: FastifyRequest, reply: FastifyReply,
  ): Promise<Document | undefined> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort(new DOMException('the client has gone', 'AbortError')));
    const signal = AbortSignal.any([gone.signal, this.closing.signal]);
    if (stream !== true) {
      const pieces: RespondPiece[] = [];
      const answer = await this.asker.ask(respond, question, { signal, onPieces: (more) => void pieces.push(...more) });
      return format.whole(pieces, answer);
    }
    const events = new CompletionStream(reply.raw, format, options?.include_usage === true);
    let begun = false;
    const begin = (): void => {
      if (begun) return;
      begun = true;
      reply.hijack();
      events.begin();
    };
    // Whoever is refused at once gets an answer with a status; a model that takes time to load gets its stream.
    const patience = setTimeout(begin, 2000);
    try {
      const answer = await this.asker.ask(respond, question, {
        signal,
        onPieces: (pieces) => {
          begin();
          return events.pieces(pieces, signal);
        },
      });
      begin();
      events.end(answer);
    } catch (error) {
      if (!begun) throw error;
      // Of a client that is still there: an answer that just ends is taken for a whole one.
      if (!gone.signal.aborted) events.fail(openAiError(this.problems.problemFor(error, request), error, request.url));
    } finally {
      clearTimeout(patience);
      if (begun) events.close();
    }
    return undefined;
  }

  private async createdAt(digest: Digest): Promise<number> {
    const artifact = await new ArtifactsRepository(this.database.dataSource.manager, project).find(digest);
    return artifact ? Math.floor(Date.parse(artifact.createdAt) / 1000) : 0;
  }

  private finder(): ServedModelFinder {
    return new ServedModelFinder(this.database.dataSource.manager, this.store, project);
  }
}

function headOf(prefix: string, model: string): CompletionHead {
  return { id: `${prefix}-${newId()}`, created: Math.floor(Date.now() / 1000), model };
}
