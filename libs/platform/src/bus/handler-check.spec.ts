import { DatasetRegistered, gate, importModel, JobCancelRequested, train, type EventDefinition } from '@tunesmith/contracts';
import { idleHandlers } from '../testing/idle-handlers.js';
import { doesNothing } from '../testing/train-handlers.js';
import { eventMap } from './event-map.js';
import { checkHandlers } from './handler-check.js';
import { Handles, HandlesJob } from './handles.js';
import { done, type Outcome } from './outcome.js';

const hearing = (event: EventDefinition, emits: EventDefinition[] = []) => {
  @Handles(event, { emits })
  class SomeHandler {
    handle(): Promise<Outcome> {
      return Promise.resolve(done());
    }
  }
  return SomeHandler;
};

describe('checkHandlers', () => {
  it('is content when each request has one handler', () => {
    expect(() => checkHandlers('trainer', [doesNothing, ...idleHandlers('trainer', [doesNothing]), hearing(DatasetRegistered, [train.events!.completed])])).not.toThrow();
  });

  it('says what to add for a request that nobody handles', () => {
    expect(() => checkHandlers('trainer', [])).toThrow('nothing handles train.requested.v1; add a class with @HandlesJob(train) to the handlers of trainer');
    expect(() => checkHandlers('registry', [])).toThrow('@HandlesJob(importModel)');
  });

  it('names every mistake at once', () => {
    @HandlesJob(importModel)
    class Misplaced {
      handle(): Promise<never> {
        return Promise.reject(new Error('never called'));
      }
    }
    @HandlesJob(gate)
    class Decides {
      handle(): Promise<never> {
        return Promise.reject(new Error('never called'));
      }
    }
    class NoHandler {}
    const check = () => checkHandlers('trainer', [doesNothing, doesNothing, Misplaced, Decides, NoHandler, hearing(train.events!.requested), hearing(JobCancelRequested), hearing(importModel.events!.completed, [DatasetRegistered])]);
    for (const problem of [
      '"train" is handled by TrainRequestedHandler and TrainRequestedHandler',
      'Misplaced: "import-model" belongs to the registry',
      'Decides: the registry decides "gate" itself',
      'NoHandler is listed in handlers but has neither @Handles nor @HandlesJob',
      'train.requested.v1 is a request; use @HandlesJob',
      'job.cancel-requested.v1 is heard by the platform in every service',
      'dataset.registered.v1 is the registry\'s to send',
    ]) {
      expect(check).toThrow(problem);
    }
  });
});

it('eventMap tells who hears and sends what', () => {
  expect(eventMap([doesNothing, hearing(DatasetRegistered, [train.events!.requested])])).toEqual([
    { handler: 'TrainRequestedHandler', hears: ['train.requested.v1'], emits: ['train.completed.v1', 'train.failed.v1', 'train.cancelled.v1'], job: 'train' },
    { handler: 'SomeHandler', hears: ['dataset.registered.v1'], emits: ['train.requested.v1'] },
  ]);
});
