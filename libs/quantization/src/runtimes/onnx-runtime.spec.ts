import { join } from 'node:path';
import { exportOnnx } from '../exporters/onnx.js';
import { onnxDataType } from '../testing/onnx-data-type.js';
import { describeRuntime } from '../testing/describe-runtime.js';
import { quietContext } from '../testing/tiny-models.js';
import { openOnnxRuntime } from './onnx-runtime.js';

describeRuntime('onnxruntime-node', {
  open: openOnnxRuntime,
  write: async (model, folder) => join(folder, (await exportOnnx(model, onnxDataType('fp32'), folder, quietContext())).file),
  weightsOf: (path) => `${path}_data`,
  tolerance: 1e-4,
});
