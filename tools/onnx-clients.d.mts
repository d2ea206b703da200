export interface OnnxClients {
  readonly transformers: string;
  readonly python: string;
}
export function findOnnxClients(): OnnxClients | undefined;
export function onnxClients(): OnnxClients;
