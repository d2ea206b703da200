import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

const required = (name: string, type: string): TableColumnOptions => ({ name, type });
const optional = (name: string, type: string): TableColumnOptions => ({ name, type, isNullable: true });
const key = (name: string): TableColumnOptions => ({ name, type: 'text', isPrimary: true });

/** The tables that every service has: jobs, outbox, inbox. */
export class JobTables1763500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'job',
        columns: [
          key('id'), required('run_id', 'text'), required('step', 'text'), required('project', 'text'), required('kind', 'text'), required('spec', 'text'),
          required('status', 'text'), required('attempt', 'integer'), required('due_at', 'bigint'),
          optional('lease_owner', 'text'), required('lease_epoch', 'integer'), optional('lease_expires_at', 'bigint'),
          optional('traceparent', 'text'), optional('tracestate', 'text'),
          optional('outputs', 'text'), optional('metrics', 'text'), optional('error', 'text'), required('fact_id', 'text'),
          required('created_at', 'bigint'), optional('started_at', 'bigint'), optional('finished_at', 'bigint'),
        ],
        indices: [{ name: 'job_by_status', columnNames: ['status', 'due_at'] }],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'outbox',
        columns: [
          key('id'), required('subject', 'text'), required('body', 'text'), optional('traceparent', 'text'), optional('tracestate', 'text'),
          required('created_at', 'bigint'), required('attempts', 'integer'), required('next_attempt_at', 'bigint'), optional('sent_at', 'bigint'),
        ],
        indices: [{ name: 'outbox_unsent', columnNames: ['next_attempt_at'], where: 'sent_at IS NULL' }],
      }),
    );
    await runner.createTable(new Table({ name: 'inbox', columns: [key('event_id'), required('subject', 'text'), required('received_at', 'bigint')] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['inbox', 'outbox', 'job']) await runner.dropTable(table);
  }
}
