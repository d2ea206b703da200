import { GenerationError } from '../generation-error.js';

/**
 * A teacher that does not answer as it should. Codes: teacher-refused (by an HTTP status that will not change), teacher-unreachable,
 * teacher-timeout, teacher-garbage (not what the protocol says), teacher-answer-too-large, teacher-key-missing, teacher-address-invalid,
 * teacher-file-refused, teacher-prompt-too-long, teacher-silent, spending-cap-reached.
 */
export class TeacherError extends GenerationError {}
