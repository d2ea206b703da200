import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { AssessmentView, Digest, GivenDigest, HandedInGrades, HandInGrades, RaterView } from '@tunesmith/contracts';
import { ArtifactStore, Database } from '@tunesmith/platform';
import { wholeDigest } from '../artifacts/whole-digest.js';
import { ConflictError, NotFoundError, RefusedError } from '../errors.js';
import { AccessToken } from '../http/access-token.js';
import { insertNewRows } from '../rows.js';
import { HandedInGradesEntity } from './handed-in-grades.entity.js';

/** Of `key.json`, as a form is stored: what raters see, and whose each answer is. */
interface StoredForm {
  readonly form: { readonly id: string; readonly title: string; readonly items: readonly { readonly id: string }[] };
}

const [pageFile, keyFile] = ['form.html', 'key.json'] as const;
/** Of forms: as many as are graded at a time. */
const mostRead = 8;

/** Of an artifact, which never changes. */
interface ReadForm {
  readonly page: string;
  readonly form: StoredForm['form'];
}

/** Forms that are served to raters, and what these hand in. Whose an answer is never leaves the store. */
@Injectable()
export class Assessments {
  /** Those that were asked for last, the last one behind: raters ask for the same form again and again. */
  private readonly known = new Map<Digest, Promise<ReadForm>>();

  constructor(private readonly database: Database, private readonly store: ArtifactStore, private readonly token: AccessToken) {}

  async show(given: GivenDigest): Promise<AssessmentView> {
    const digest = await this.whole(given);
    const { title, items } = (await this.read(digest)).form;
    const rows = await this.rows(digest);
    return { digest, title, items: items.length, page: `/assess/${digest}#${this.token.keyOfForm(digest)}`, raters: rows.map(viewOf) };
  }

  async page(digest: Digest): Promise<string> {
    return (await this.read(digest)).page;
  }

  async grades(given: GivenDigest): Promise<HandedInGrades[]> {
    const digest = await this.whole(given);
    const { id } = (await this.read(digest)).form;
    return (await this.rows(digest)).map(({ rater, grades }) => ({ form: id, rater, grades }));
  }

  async handIn(digest: Digest, { form, rater, browser, grades }: HandInGrades): Promise<RaterView> {
    const known = (await this.read(digest)).form;
    const ids = new Set(known.items.map(({ id }) => id));
    const foreign = Object.keys(grades).filter((id) => !ids.has(id));
    if (form !== known.id || foreign.length > 0) {
      throw new RefusedError({ code: 'grades-of-another-form', message: `expected grades of the form ${known.id}; got ${form !== known.id ? `those of ${form}` : `items that it does not have: ${foreign.slice(0, 3).join(', ')}`}; open the address again and grade there`, facts: { form, known: known.id } });
    }
    if (Object.keys(grades).length === 0) throw new RefusedError({ code: 'grades-missing', message: `expected at least one grade; got none from ${rater}; grade an answer, then hand in` });
    const { manager } = this.database.dataSource;
    const row: HandedInGradesEntity = { digest, rater, browser, grades, handedInAt: new Date().toISOString() };
    // Whoever comes first has the name.
    await insertNewRows(manager, HandedInGradesEntity, [row]);
    const { affected } = await manager.update(HandedInGradesEntity, { digest, rater, browser }, { grades, handedInAt: row.handedInAt });
    if (affected === 0) throw new ConflictError({ code: 'rater-taken', message: `expected a name that no other rater has; ${rater} has handed in from another browser; take another name, such as "${rater} 2"`, facts: { rater } });
    return viewOf(row);
  }

  private async whole(given: GivenDigest): Promise<Digest> {
    const digest = await wholeDigest(this.database.dataSource.manager, given);
    if (digest !== undefined) return digest;
    throw unknownForm(given, 'with which no stored artifact begins');
  }

  private rows(digest: Digest): Promise<HandedInGradesEntity[]> {
    return this.database.dataSource.manager.find(HandedInGradesEntity, { where: { digest }, order: { rater: 'ASC' } });
  }

  private read(digest: Digest): Promise<ReadForm> {
    const form = this.known.get(digest) ?? this.stage(digest);
    this.known.delete(digest);
    this.known.set(digest, form);
    // What could not be read may be there at the next try.
    form.catch(() => this.known.get(digest) === form && this.known.delete(digest));
    const [oldest] = this.known.keys();
    if (this.known.size > mostRead) this.known.delete(oldest!);
    return form;
  }

  private async stage(digest: Digest): Promise<ReadForm> {
    const files = (await this.store.has(digest)) ? (await this.store.manifest(digest)).files.map(({ path }) => path) : [];
    if (![pageFile, keyFile].every((file) => files.includes(file))) throw unknownForm(digest, files.length === 0 ? 'which is not stored' : `which holds ${files.slice(0, 5).join(', ')}`);
    await using staged = await this.store.stage({ form: await this.store.refOf(digest) });
    const [page, key] = await Promise.all([pageFile, keyFile].map((file) => readFile(join(staged.form, file), 'utf8')));
    return { page: page!, form: (JSON.parse(key!) as StoredForm).form };
  }
}

function unknownForm(digest: string, what: string): NotFoundError {
  return new NotFoundError({ code: 'form-unknown', message: `expected the digest of a form, as \`tunesmith assess form\` prints it; got ${digest}, ${what}`, facts: { digest } });
}

function viewOf({ rater, grades, handedInAt }: HandedInGradesEntity): RaterView {
  return { rater, graded: Object.keys(grades).length, handedInAt };
}
