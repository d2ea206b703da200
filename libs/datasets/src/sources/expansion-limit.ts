import { DatasetError } from '../dataset-error.js';

/** What may come out of compressed bytes before anyone asks. */
const harmless = 256 << 20;

/** Texts shrink to a tenth, very repetitive ones to a hundredth. */
const mostTimes = 250;

/** Guards against files that are small on disk and endless when they are unpacked. */
export class ExpansionLimit {
  private came = 0;

  /** `packedBytes`: as the file lies on disk. */
  constructor(
    private readonly packedBytes: number,
    private readonly name: string,
    private readonly harmlessBytes = harmless,
  ) {}

  /** Throws DatasetError `archive-bomb` where more came out than any real dataset holds. */
  count(bytes: number): void {
    this.came += bytes;
    if (this.came <= this.harmlessBytes || this.came <= mostTimes * this.packedBytes) return;
    throw new DatasetError({
      message: `${this.name}: unpacks to more than ${mostTimes} times its ${this.packedBytes} bytes, as no dataset does. If it is one, unpack it yourself and push the files.`,
      code: 'archive-bomb',
      facts: { name: this.name, packedBytes: this.packedBytes, unpackedBytes: this.came },
    });
  }
}
