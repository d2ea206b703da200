import type { TrainOptions } from './train-options.js';

/** The settings of a training without where its inputs lie: folders may move, so what they hold is named elsewhere. */
export function withoutFolders({ modelFolder: _model, adapterFolder: _adapter, datasetFolder: _dataset, teacherFolder: _teacher, detectionFolder: _detection, referenceFolder: _reference, referenceReportFolders: _reports, ...settings }: TrainOptions) {
  return settings;
}
