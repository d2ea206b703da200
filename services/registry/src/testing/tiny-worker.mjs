import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// What stands in for domain work where only the run around it matters: a real worker process with next to nothing to do.
export default {
  functions: {
    async work({ outFolder, content, until, failure }, { signal, onProgress }) {
      onProgress({ phase: 'work', done: 0, total: 1 });
      if (failure) throw Object.assign(new Error(failure), { code: 'tiny-failure', facts: { tried: true } });
      await mkdir(outFolder, { recursive: true });
      await writeFile(join(outFolder, 'rows.jsonl'), content);
      onProgress({ phase: 'work', done: 1, total: 1 });
      // Progress is a signal: what comes after the end of the run is not shown.
      while (until && !(await exists(until))) await sleep(10, undefined, { signal });
    },
  },
  cores: { work: 0 },
};

const exists = (path) => access(path).then(() => true, () => false);
