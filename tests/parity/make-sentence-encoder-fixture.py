"""Writes fixtures/sentence-encoder.json: a tiny random BERT as transformers computes it, and its mean-pooled unit vectors.

Run with the peers' Python: python tests/parity/make-sentence-encoder-fixture.py
"""
import json
import pathlib

import torch
from transformers import BertConfig, BertModel

torch.manual_seed(5)
config = BertConfig(vocab_size=24, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, max_position_embeddings=12, type_vocab_size=2, layer_norm_eps=1e-12)
model = BertModel(config, add_pooling_layer=False).eval()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.copy_(torch.round(torch.randn_like(parameter) * 0.5 * 64) / 64)

rows = [[2, 7, 11, 3], [2, 20, 5, 5, 9, 3], [2, 8, 3]]
vectors = []
for row in rows:
    with torch.no_grad():
        mean = model(input_ids=torch.tensor([row])).last_hidden_state.mean(1)[0]
    vectors.append((mean / mean.norm()).tolist())

keys = ["model_type", "num_hidden_layers", "num_attention_heads", "layer_norm_eps", "hidden_act"]
fixture = {
    "config": {key: config.to_dict()[key] for key in keys},
    "weights": {name: {"shape": list(value.shape), "values": [round(number, 6) for number in value.flatten().tolist()]} for name, value in model.state_dict().items() if value.dtype == torch.float32},
    "rows": rows,
    "vectors": [[round(number, 7) for number in vector] for vector in vectors],
}
path = pathlib.Path(__file__).parent / "fixtures" / "sentence-encoder.json"
path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(path, path.stat().st_size)
