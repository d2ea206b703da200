import type { JobMetrics, QuantizeSpec } from '@tunesmith/contracts';
import { defineWorker } from '@tunesmith/platform';
import { quantizeModel } from '@tunesmith/quantization';

type Input = Omit<QuantizeSpec, 'model' | 'dataset' | 'calibration' | 'importance' | 'adapter'> & { modelFolder: string; datasetFolder?: string; calibrationFolder?: string; importanceFolder?: string; adapterFolder?: string; layersFolder?: string; outFolders: { gguf: string; onnx: string; hf: string } };

/** What the workers of the quantizer may run. Calibration looks at what the layers compute beside blocks that only the CPU rounds. */
export default defineWorker(
  { quantize: ({ outFolders, ...options }: Input, context): Promise<{ metrics: JobMetrics }> => quantizeModel(options, outFolders, context) },
  { device: 'cpu' },
);
