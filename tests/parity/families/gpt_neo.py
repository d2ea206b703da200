"""GPT-Neo."""

from transformers import GPTNeoConfig, GPTNeoForCausalLM

from .shared import draw_gpt

NEO = dict(vocab_size=97, max_position_embeddings=26, hidden_size=18, num_layers=2, num_heads=3, intermediate_size=26, window_size=4, attention_types=[[["global", "local"], 1]], bos_token_id=None, eos_token_id=None, pad_token_id=None)

MODELS = {
    "gpt-neo-alternating": (GPTNeoForCausalLM, GPTNeoConfig, dict(NEO), None, False),
    "gpt-neo-runs-inner": (GPTNeoForCausalLM, GPTNeoConfig, dict(NEO, hidden_size=12, num_heads=2, num_layers=4, intermediate_size=None, window_size=3, activation_function="gelu", layer_norm_epsilon=1e-3, attention_types=[[["local"], 1], [["global"], 1], [["global", "local"], 1]]), None, True),
    "gpt-neo-local-untied": (GPTNeoForCausalLM, GPTNeoConfig, dict(NEO, num_layers=1, num_heads=1, attention_types=[[["local"], 1]], tie_word_embeddings=False), None, False),
}
draw = draw_gpt
