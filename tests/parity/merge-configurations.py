"""mergekit's part of merge-configurations.peers.spec.ts: reads a JSON list of {"configuration", "out"} and runs each merge.

Weights are written before config.json, which mergekit 0.1.5 cannot write with transformers 5 where stacked layers have kinds (layer_types keeps its old length): such
a merge counts by its weights.
"""

import json
import sys

from mergekit.config import MergeConfiguration
from mergekit.merge import MergeOptions, run_merge

for case in json.load(open(sys.argv[1])):
    configuration = MergeConfiguration.model_validate(case["configuration"])
    options = MergeOptions(random_seed=1, quiet=True, copy_tokenizer=False, write_model_card=False)
    try:
        run_merge(configuration, case["out"], options)
    except Exception as error:
        if "layer_types" not in str(error):
            raise
