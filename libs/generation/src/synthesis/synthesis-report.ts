import type { DatasetReport, DiversityReport } from '@tunesmith/datasets';
import type { TeacherUsage } from '../teachers/teacher.js';
import type { FilterCount } from './funnel.js';
import type { JudgeCalibration } from './judge.js';
import type { TopicList } from './read-topics.js';

export interface InstructionCounts {
  /** Different seeds short enough to be shown. */
  readonly seeds: number;
  readonly requests: number;
  readonly exampleGuided: number;
  readonly topicGuided: number;
  /** Items between tags. */
  readonly items: number;
  /** Items that were begun and not ended, or ended and not begun. */
  readonly unclosed: number;
  /** Instructions that passed their filters and were answered. */
  readonly kept: number;
}

/** What a synthesis did, as data: no time and no path stands in it, so the same request makes the same report. */
export interface SynthesisReport {
  readonly kind: 'instructions' | 'responses';
  readonly teacher: string;
  readonly rows: number;
  readonly wanted: number;
  /** What ended it: all rows were there, the requests were used up, or the spending cap left no room. */
  readonly stoppedBy: 'rows' | 'requests' | 'spending-cap';
  /** Rows of the last round that were not needed any more. */
  readonly beyondWanted: number;
  readonly instructions?: InstructionCounts;
  readonly topics?: { readonly read: number; readonly kept: number; readonly dropped: TopicList['dropped'] };
  readonly filters: readonly FilterCount[];
  readonly judge?: { readonly model: string; readonly calibration: JudgeCalibration };
  readonly usage: { readonly teacher: TeacherUsage; readonly judge?: TeacherUsage };
  readonly dataset: DatasetReport;
  /** How varied the rows are, and beside them the seeds, or the rows as they were. */
  readonly diversity: { readonly rows: DiversityReport; readonly beside: DiversityReport; readonly besideName: string };
}
