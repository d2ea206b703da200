import type { Readable } from 'node:stream';
import { Controller, Req } from '@nestjs/common';
import { api, type UploadView } from '@tunesmith/contracts';
import type { FastifyRequest } from 'fastify';
import { Uploads } from '../uploads/uploads.js';
import { Input, Serves, type InputOf } from './serves.js';

@Controller()
export class UploadsController {
  constructor(private readonly uploads: Uploads) {}

  @Serves(api.createUpload)
  create(@Input() { body }: InputOf<typeof api.createUpload>): Promise<UploadView> {
    return this.uploads.create(body.project, body.files);
  }

  @Serves(api.showUpload)
  show(@Input() { parameters }: InputOf<typeof api.showUpload>): Promise<UploadView> {
    return this.uploads.show(parameters.id);
  }

  @Serves(api.appendUpload)
  append(@Input() { parameters, query }: InputOf<typeof api.appendUpload>, @Req() request: FastifyRequest<{ Body: Readable }>): Promise<UploadView> {
    return this.uploads.append(parameters.id, query.file, query.offset, request.body);
  }

  @Serves(api.completeUpload)
  complete(@Input() { parameters }: InputOf<typeof api.completeUpload>): Promise<UploadView> {
    return this.uploads.complete(parameters.id);
  }
}
