import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest gives each spec a realm of its own, with its own Float32Array. onnxruntime-node hands out arrays of the outer realm and then checks that they are
 * of its own: inside this environment both are the same. (jestjs/jest issue 7780; in production there is one realm.)
 */
export default class NativeArraysEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, { Float32Array, BigInt64Array });
  }
}
