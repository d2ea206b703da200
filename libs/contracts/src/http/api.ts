import { z } from 'zod';
import { ArtifactManifest, Digest, GivenDigest } from '../artifact-ref.js';
import { FinishedSpan } from '../events/job-signals.js';
import { Id, Name, Project } from '../ids.js';
import { AssessmentView, HandedInGrades, HandInGrades, RaterView } from './assessments.js';
import { defineEndpoint, type Endpoint } from './endpoint.js';
import { AliasChange, DatasetRow, DatasetView, ExportArtifact, ExportedArtifact, LineageView, ModelView, SetAlias } from './models.js';
import { Health, Readiness } from './health.js';
import { ChatCompletion, ChatCompletionRequest, Completion, CompletionRequest, OpenAiModel, OpenAiModelList } from './openai.js';
import { ApplyRecipe, RecipeView } from './recipes.js';
import { RunStatus, RunView, StartRun } from './runs.js';
import { CreateUpload, UploadPiece, UploadView } from './uploads.js';

const project = { project: Project };
const inProject = z.strictObject(project);
const limit = (most: number, usual: number) => z.int().min(1).max(most).default(usual);
const byId = z.strictObject({ id: Id });
const byName = z.strictObject({ name: Name });
const byDigest = z.strictObject({ digest: GivenDigest });
/** Where a key is made of the digest, and where nothing is looked up. */
const byWholeDigest = z.strictObject({ digest: Digest });
const ambiguous = { 409: 'The digest is shortened and stands for several artifacts.' } as const;

const answering = {
  400: 'The body is not what the route takes, or the model cannot do this; it has no chat template, say.', 404: 'No such model, version, alias or format.', 429: 'Too many requests wait for the model; Retry-After says when to try again.',
  503: 'Nobody answers at the moment.', 504: 'The answer took longer than the time limit.',
} as const;

/** Every route of the HTTP API. */
export const api = {
  health: defineEndpoint({
    id: 'getHealth', method: 'GET', path: '/healthz', access: 'public', summary: 'Whether the process lives; asks nothing else.',
    answer: { status: 200, body: Health, description: 'It lives.' },
  }),
  readiness: defineEndpoint({
    id: 'getReadiness', method: 'GET', path: '/readyz', access: 'public', summary: 'Whether the database and the bus answer.',
    answer: { status: 200, body: Readiness, description: 'Ready to take work.' },
    errors: { 503: 'Something that it needs does not answer; facts say what.' },
  }),
  openapi: defineEndpoint({
    id: 'getOpenApi', method: 'GET', path: '/openapi.json', access: 'public', summary: 'This document.',
    answer: { status: 200, body: 'openapi', description: 'An OpenAPI 3.1 document.' },
  }),

  startRun: defineEndpoint({
    id: 'startRun', method: 'POST', path: '/v1/runs', access: 'token',
    summary: 'Starts a run of an applied recipe, or of the steps given. References are resolved now, so a name that moves later does not matter.',
    body: StartRun,
    answer: { status: 201, body: RunView, description: 'The run, started.' },
    errors: { 404: 'No recipe has this name.', 409: 'A step is wrong or refers to what does not exist; facts list every problem.' },
  }),
  listRuns: defineEndpoint({
    id: 'listRuns', method: 'GET', path: '/v1/runs', access: 'token', summary: 'Runs, newest first.',
    query: z.strictObject({ ...project, status: RunStatus.optional(), limit: limit(500, 50) }),
    answer: { status: 200, body: z.array(RunView), description: 'Runs, newest first.' },
  }),
  showRun: defineEndpoint({
    id: 'showRun', method: 'GET', path: '/v1/runs/{id}', access: 'token', summary: 'One run with its steps.', parameters: byId,
    answer: { status: 200, body: RunView, description: 'The run.' }, errors: { 404: 'No such run.' },
  }),
  watchRun: defineEndpoint({
    id: 'watchRun', method: 'GET', path: '/v1/runs/{id}/events', access: 'token', parameters: byId,
    summary: 'Server-sent events: `run` (a RunView, at first and after each change), `progress` (a RunProgress), and a last `end` (a RunView).',
    answer: { status: 200, body: 'events', description: 'Events until the run ends; a comment line every few seconds keeps the connection alive.' },
    errors: { 404: 'No such run.' },
  }),
  cancelRun: defineEndpoint({
    id: 'cancelRun', method: 'POST', path: '/v1/runs/{id}/cancel', access: 'token', parameters: byId,
    summary: 'Cancels a run and its live steps. Final: a result that comes later is not taken.',
    answer: { status: 200, body: RunView, description: 'The run, cancelled; also where it was cancelled before.' },
    errors: { 404: 'No such run.', 409: 'The run has already succeeded or failed.' },
  }),
  resumeRun: defineEndpoint({
    id: 'resumeRun', method: 'POST', path: '/v1/runs/{id}/resume', access: 'token', parameters: byId,
    summary: 'Runs the failed, cancelled and skipped steps of an ended run again; finished steps are kept.',
    answer: { status: 200, body: RunView, description: 'The run, going on.' },
    errors: { 404: 'No such run.', 409: 'The run is running or has succeeded.' },
  }),
  traceRun: defineEndpoint({
    id: 'traceRun', method: 'GET', path: '/v1/traces/{runId}', access: 'token', parameters: z.strictObject({ runId: Id }),
    summary: 'The finished spans of a run, earliest first, from every service and worker.',
    answer: { status: 200, body: z.array(FinishedSpan), description: 'The spans.' }, errors: { 404: 'No such run.' },
  }),

  applyRecipe: defineEndpoint({
    id: 'applyRecipe', method: 'POST', path: '/v1/recipes', access: 'token', query: inProject, body: ApplyRecipe,
    summary: 'Checks a recipe and keeps it as the next version of its name; the same text again changes nothing.',
    answer: { status: 201, body: RecipeView, description: 'The recipe version.' }, errors: { 409: 'The recipe is not valid; facts list every problem.' },
  }),
  listRecipes: defineEndpoint({
    id: 'listRecipes', method: 'GET', path: '/v1/recipes', access: 'token', query: inProject, summary: 'The latest version of every recipe.',
    answer: { status: 200, body: z.array(RecipeView), description: 'Recipes by name.' },
  }),
  showRecipe: defineEndpoint({
    id: 'showRecipe', method: 'GET', path: '/v1/recipes/{name}', access: 'token', parameters: byName,
    query: z.strictObject({ ...project, version: z.int().positive().max(2 ** 31 - 1).optional() }), summary: 'A recipe, its latest version unless one is asked for.',
    answer: { status: 200, body: RecipeView, description: 'The recipe version.' }, errors: { 404: 'No such recipe or version.' },
  }),

  listModels: defineEndpoint({
    id: 'listModels', method: 'GET', path: '/v1/models', access: 'token', query: inProject, summary: 'Every registered model with its versions and aliases.',
    answer: { status: 200, body: z.array(ModelView), description: 'Models by name.' },
  }),
  showModel: defineEndpoint({
    id: 'showModel', method: 'GET', path: '/v1/models/{name}', access: 'token', parameters: byName, query: inProject, summary: 'A model with its versions and aliases.',
    answer: { status: 200, body: ModelView, description: 'The model.' }, errors: { 404: 'No such model.' },
  }),
  modelHistory: defineEndpoint({
    id: 'modelHistory', method: 'GET', path: '/v1/models/{name}/history', access: 'token', parameters: byName,
    query: z.strictObject({ ...project, alias: Name.optional(), at: z.iso.datetime().optional().describe('Only what each alias pointed at then.') }),
    summary: 'What each alias pointed at, oldest first.',
    answer: { status: 200, body: z.array(AliasChange), description: 'The changes of the aliases.' }, errors: { 404: 'No such model.' },
  }),
  setAlias: defineEndpoint({
    id: 'setAlias', method: 'PUT', path: '/v1/models/{name}/aliases/{alias}', access: 'token', parameters: z.strictObject({ name: Name, alias: Name }), query: inProject, body: SetAlias,
    summary: 'Points an alias at a version; the change stays in the history.',
    answer: { status: 200, body: ModelView, description: 'The model.' }, errors: { 404: 'No such model or version.' },
  }),

  listDatasets: defineEndpoint({
    id: 'listDatasets', method: 'GET', path: '/v1/datasets', access: 'token', query: inProject, summary: 'The latest version of every dataset.',
    answer: { status: 200, body: z.array(DatasetView), description: 'Datasets by name.' },
  }),
  showDataset: defineEndpoint({
    id: 'showDataset', method: 'GET', path: '/v1/datasets/{name}', access: 'token', parameters: byName,
    query: z.strictObject({ ...project, version: z.int().positive().max(2 ** 31 - 1).optional() }), summary: 'A dataset, its latest version unless one is asked for.',
    answer: { status: 200, body: DatasetView, description: 'The dataset version.' }, errors: { 404: 'No such dataset or version.' },
  }),
  datasetVersions: defineEndpoint({
    id: 'listDatasetVersions', method: 'GET', path: '/v1/datasets/{name}/versions', access: 'token', parameters: byName, query: inProject, summary: 'Every version of a dataset, newest first.',
    answer: { status: 200, body: z.array(DatasetView), description: 'The versions.' }, errors: { 404: 'No such dataset.' },
  }),
  datasetRows: defineEndpoint({
    id: 'listDatasetRows', method: 'GET', path: '/v1/datasets/{name}/rows', access: 'token', parameters: byName,
    query: z.strictObject({ ...project, version: z.int().positive().max(2 ** 31 - 1).optional(), limit: limit(1000, 20), split: z.enum(['train', 'validation']).optional(), tag: z.string().min(1).optional() }), summary: 'The first rows of a dataset, of one split and tag where asked.',
    answer: { status: 200, body: z.array(DatasetRow), description: 'Canonical rows.' }, errors: { 404: 'No such dataset or version.' },
  }),

  showArtifact: defineEndpoint({
    id: 'showArtifact', method: 'GET', path: '/v1/artifacts/{digest}', access: 'token', parameters: byDigest, summary: 'The files of an artifact.',
    answer: { status: 200, body: ArtifactManifest, description: 'The manifest.' }, errors: { 404: 'No such artifact.', ...ambiguous },
  }),
  artifactFile: defineEndpoint({
    id: 'readArtifactFile', method: 'GET', path: '/v1/artifacts/{digest}/files/{path*}', access: 'token',
    parameters: z.strictObject({ digest: GivenDigest, path: z.string().min(1).max(1024) }), summary: 'The bytes of one file.',
    answer: { status: 200, body: 'bytes', description: 'The bytes.' }, errors: { 404: 'No such artifact or file.', ...ambiguous },
  }),
  exportArtifact: defineEndpoint({
    id: 'exportArtifact', method: 'POST', path: '/v1/artifacts/{digest}/export', access: 'token', parameters: byDigest, body: ExportArtifact,
    summary: 'Copies the files into a folder of the platform\'s machine, which must not exist or be empty; only a local platform offers it.',
    answer: { status: 200, body: ExportedArtifact, description: 'The folder holds the files.' },
    errors: { 404: 'No such artifact.', 409: 'This platform is not local, the folder holds something or cannot be written, or the digest is shortened and stands for several artifacts.' },
  }),
  lineage: defineEndpoint({
    id: 'showLineage', method: 'GET', path: '/v1/lineage/{digest}', access: 'token', parameters: byDigest, query: inProject, summary: 'What an artifact was made of, and what was made of it.',
    answer: { status: 200, body: LineageView, description: 'Both directions.' }, errors: { 404: 'No such artifact.', ...ambiguous },
  }),

  assessmentPage: defineEndpoint({
    id: 'openAssessment', method: 'GET', path: '/assess/{digest}', access: 'public', parameters: byWholeDigest,
    summary: 'What a rater opens: a page that holds nothing yet, and fetches the form with the key that stands behind the # of its address.',
    answer: { status: 200, body: 'page', description: 'The page; the same whatever the digest.' },
  }),
  assessmentForm: defineEndpoint({
    id: 'readAssessmentForm', method: 'GET', path: '/v1/assessments/{digest}/form', access: 'rater', parameters: byWholeDigest, summary: 'The form that raters fill in. It does not say whose the answers are.',
    answer: { status: 200, body: 'page', description: 'The form.' }, errors: { 404: 'No such form.' },
  }),
  handInGrades: defineEndpoint({
    id: 'handInGrades', method: 'PUT', path: '/v1/assessments/{digest}/grades', access: 'rater', parameters: byWholeDigest, body: HandInGrades, summary: 'Keeps the grades of one rater, in place of what they handed in before.',
    answer: { status: 200, body: RaterView, description: 'What is kept.' }, errors: { 404: 'No such form.', 409: 'The grades are none, or of another form, or somebody else handed in under this name.' },
  }),
  showAssessment: defineEndpoint({
    id: 'showAssessment', method: 'GET', path: '/v1/assessments/{digest}', access: 'token', parameters: byDigest, summary: 'The address for raters, and who has handed in.',
    answer: { status: 200, body: AssessmentView, description: 'The form.' }, errors: { 404: 'No such form.', ...ambiguous },
  }),
  assessmentGrades: defineEndpoint({
    id: 'listAssessmentGrades', method: 'GET', path: '/v1/assessments/{digest}/grades', access: 'token', parameters: byDigest, summary: 'What every rater handed in.',
    answer: { status: 200, body: z.array(HandedInGrades), description: 'Grades by rater.' }, errors: { 404: 'No such form.', ...ambiguous },
  }),

  createUpload: defineEndpoint({
    id: 'createUpload', method: 'POST', path: '/v1/uploads', access: 'token', body: CreateUpload, summary: 'Announces files that follow in pieces.',
    answer: { status: 201, body: UploadView, description: 'The upload, empty.' }, errors: { 409: 'A path cannot be one of a file, stands twice, or is the folder of another.' },
  }),
  showUpload: defineEndpoint({
    id: 'showUpload', method: 'GET', path: '/v1/uploads/{id}', access: 'token', parameters: byId, summary: 'How much of each file has come: where to go on.',
    answer: { status: 200, body: UploadView, description: 'The upload.' }, errors: { 404: 'No such upload.' },
  }),
  appendUpload: defineEndpoint({
    id: 'appendUpload', method: 'PATCH', path: '/v1/uploads/{id}', access: 'token', parameters: byId, query: UploadPiece, body: 'bytes', summary: 'Adds a piece to a file.',
    answer: { status: 200, body: UploadView, description: 'The upload.' },
    errors: { 404: 'No such upload or file.', 409: 'The piece does not start where the stored bytes end, brings more bytes than announced, or the upload is complete.' },
  }),
  completeUpload: defineEndpoint({
    id: 'completeUpload', method: 'POST', path: '/v1/uploads/{id}/complete', access: 'token', parameters: byId, summary: 'Checks the digests and stores the files; also where that was done before.',
    answer: { status: 200, body: UploadView, description: 'The upload, complete.' },
    errors: { 404: 'No such upload.', 409: 'Bytes are missing, or a file does not have its digest: then its bytes are dropped, send it again.' },
  }),

  openAiModels: defineEndpoint({
    id: 'listOpenAiModels', method: 'GET', path: '/openai/v1/models', access: 'token', errorShape: 'openai', summary: 'Every name, alias, version and format that `model` may be, as OpenAI lists models.',
    answer: { status: 200, body: OpenAiModelList, description: 'The models.' },
  }),
  openAiModel: defineEndpoint({
    id: 'showOpenAiModel', method: 'GET', path: '/openai/v1/models/{model*}', access: 'token', errorShape: 'openai', parameters: z.strictObject({ model: z.string().min(1) }), summary: 'One of them.',
    answer: { status: 200, body: OpenAiModel, description: 'The model.' }, errors: { 404: answering[404] },
  }),
  chatCompletion: defineEndpoint({
    id: 'createChatCompletion', method: 'POST', path: '/openai/v1/chat/completions', access: 'token', errorShape: 'openai', body: ChatCompletionRequest, summary: 'Answers a conversation, at once or piece by piece, as OpenAI does.',
    answer: { status: 200, body: ChatCompletion, description: 'The answer.', streamed: true }, errors: answering,
  }),
  completion: defineEndpoint({
    id: 'createCompletion', method: 'POST', path: '/openai/v1/completions', access: 'token', errorShape: 'openai', body: CompletionRequest, summary: 'Continues a text, at once or piece by piece, as OpenAI does.',
    answer: { status: 200, body: Completion, description: 'The continuation.', streamed: true }, errors: answering,
  }),
} as const satisfies Record<string, Endpoint>;
