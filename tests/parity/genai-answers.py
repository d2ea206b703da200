"""What onnxruntime-genai makes of model folders: for each job one line of JSON with the tokens that it reads and those that it answers, greedily, and its text.

Usage: python genai-answers.py JOBS.json    jobs: {folder, graph?, prompt, tokens}[]; graph: another graph of the folder than its genai_config.json names
"""
import json
import sys

import onnxruntime_genai as genai

for job in json.load(open(sys.argv[1])):
    config = genai.Config(job["folder"])
    if job.get("graph"):
        config.overlay(json.dumps({"model": {"decoder": {"filename": job["graph"]}}}))
    model = genai.Model(config)
    tokenizer = genai.Tokenizer(model)
    question = tokenizer.apply_chat_template(messages=json.dumps([dict(role="user", content=job["prompt"])]), add_generation_prompt=True)
    read = [int(token) for token in tokenizer.encode(question)]
    params = genai.GeneratorParams(model)
    params.set_search_options(do_sample=False, max_length=len(read) + job["tokens"])
    generator = genai.Generator(model, params)
    generator.append_tokens(read)
    made = []
    while not generator.is_done():
        generator.generate_next_token()
        made.append(int(generator.get_next_tokens()[0]))
    print(json.dumps(dict(read=read, made=made, text=tokenizer.decode(made))), flush=True)
