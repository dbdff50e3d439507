#!/usr/bin/env python3
"""Logits of a model as its makers' own code computes them (Hugging Face transformers), where llama.cpp departs from it:
phimoe (layer norms and the sparse mixer), phi2 and starcoder2 (llama.cpp rounds what GELU takes to 16 bits), gpt-oss
(YaRN's ramp is not rounded to whole pairs).

Usage: transformers-logits.py MODEL.gguf OUT.f32 --tokens 1,2,3. Needs numpy, gguf, torch and transformers.
"""
import argparse

import gguf
import numpy as np
import torch
import transformers


class File:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.keys = {name: field.contents() for name, field in reader.fields.items()}
        self.arch = self.keys['general.architecture']
        self.tensors = {tensor.name: torch.from_numpy(np.array(tensor.data)) for tensor in reader.tensors}

    def key(self, name):
        return self.keys[f'{self.arch}.{name}']

    def linear(self, state, to, name):
        """A matrix, its factor in it, and its bias."""
        scale = self.tensors.get(f'{name}.scale', torch.ones(1))
        state[f'{to}.weight'] = self.tensors[f'{name}.weight'] * scale
        if f'{name}.bias' in self.tensors:
            state[f'{to}.bias'] = self.tensors[f'{name}.bias']

    def norm(self, state, to, name):
        state[f'{to}.weight'] = self.tensors[f'{name}.weight']
        if f'{name}.bias' in self.tensors:
            state[f'{to}.bias'] = self.tensors[f'{name}.bias']

    def common(self):
        """Parameters of a configuration, and the weights, that all have under the same names."""
        state = {'model.embed_tokens.weight': self.tensors['token_embd.weight']}
        self.norm(state, 'model.norm', 'output_norm')
        self.linear(state, 'lm_head', 'output')
        for i in range(self.key('block_count')):
            block, layer = f'blk.{i}', f'model.layers.{i}'
            self.norm(state, f'{layer}.input_layernorm', f'{block}.attn_norm')
            for ours, theirs in (('attn_q', 'q'), ('attn_k', 'k'), ('attn_v', 'v'), ('attn_output', 'o')):
                self.linear(state, f'{layer}.self_attn.{theirs}_proj', f'{block}.{ours}')
        return state, {
            'vocab_size': len(self.tensors['token_embd.weight']),
            'hidden_size': self.key('embedding_length'),
            'intermediate_size': self.key('expert_feed_forward_length') or self.key('feed_forward_length'),
            'num_hidden_layers': self.key('block_count'),
            'num_attention_heads': self.key('attention.head_count'),
            'num_key_value_heads': self.key('attention.head_count_kv'),
            'head_dim': self.key('attention.key_length'),
            'max_position_embeddings': self.key('context_length'),
            'rms_norm_eps': self.key('attention.layer_norm_rms_epsilon'),
            'tie_word_embeddings': False,
            'sliding_window': None,
            'attn_implementation': 'eager',
        }


def phimoe(file):
    state, config = file.common()
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        experts = f'{layer}.mlp.experts'
        file.norm(state, f'{layer}.post_attention_layernorm', f'{block}.ffn_norm')
        file.linear(state, f'{layer}.mlp.router', f'{block}.ffn_gate_inp')
        state[f'{experts}.gate_up_proj'] = torch.cat([file.tensors[f'{block}.ffn_gate_exps.weight'],
                                                      file.tensors[f'{block}.ffn_up_exps.weight']], 1)
        state[f'{experts}.down_proj'] = file.tensors[f'{block}.ffn_down_exps.weight']
    original = file.key('rope.scaling.original_context_length')
    return transformers.PhimoeForCausalLM, state, transformers.PhimoeConfig(
        num_local_experts=file.key('expert_count'), num_experts_per_tok=file.key('expert_used_count'),
        attention_bias=True, lm_head_bias=True, original_max_position_embeddings=original,
        rope_parameters={'rope_type': 'longrope', 'rope_theta': file.key('rope.freq_base'), 'short_mscale': 1.0,
                         'long_mscale': 1.0, 'original_max_position_embeddings': original, 'factor': 1.0,
                         'short_factor': file.tensors['rope_factors_short.weight'].tolist(),
                         'long_factor': file.tensors['rope_factors_long.weight'].tolist()}, **config)


def phi2(file):
    state, config = file.common()
    for name in [name for name in state if '.o_proj.' in name or name.startswith('model.norm.')]:
        state[name.replace('.o_proj.', '.dense.').replace('model.norm.', 'model.final_layernorm.')] = state.pop(name)
    for i in range(file.key('block_count')):
        for ours, theirs in (('ffn_up', 'fc1'), ('ffn_down', 'fc2')):
            file.norm(state, f'model.layers.{i}.mlp.{theirs}', f'blk.{i}.{ours}')  # no factors
    partial = file.key('rope.dimension_count') / file.key('attention.key_length')
    return transformers.PhiForCausalLM, state, transformers.PhiConfig(
        hidden_act='gelu_new', layer_norm_eps=file.key('attention.layer_norm_epsilon'), partial_rotary_factor=partial,
        rope_parameters={'rope_type': 'default', 'rope_theta': file.key('rope.freq_base'),
                         'partial_rotary_factor': partial}, **config)


def starcoder2(file):
    state, config = file.common()
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        file.norm(state, f'{layer}.post_attention_layernorm', f'{block}.ffn_norm')
        for ours, theirs in (('ffn_up', 'c_fc'), ('ffn_down', 'c_proj')):
            state[f'{layer}.mlp.{theirs}.weight'] = file.tensors[f'{block}.{ours}.weight']
            state[f'{layer}.mlp.{theirs}.bias'] = file.tensors[f'{block}.{ours}.bias']
    return transformers.Starcoder2ForCausalLM, state, transformers.Starcoder2Config(
        use_bias=True, norm_epsilon=file.key('attention.layer_norm_epsilon'),
        rope_parameters={'rope_type': 'default', 'rope_theta': file.key('rope.freq_base')}, **config)


def gpt_oss(file):
    state, config = file.common()
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        experts, tensors = f'{layer}.mlp.experts', file.tensors
        file.norm(state, f'{layer}.post_attention_layernorm', f'{block}.post_attention_norm')
        file.linear(state, f'{layer}.mlp.router', f'{block}.ffn_gate_inp')
        state[f'{layer}.self_attn.sinks'] = tensors[f'{block}.attn_sinks.weight']
        for what, flip in (('weight', True), ('bias', False)):
            gate, up = tensors[f'{block}.ffn_gate_exps.{what}'], tensors[f'{block}.ffn_up_exps.{what}']
            both = torch.stack([gate, up], 2).flatten(1, 2)  # rows alternate
            suffix = '' if flip else '_bias'
            down = tensors[f'{block}.ffn_down_exps.{what}']
            state[f'{experts}.gate_up_proj{suffix}'] = both.transpose(1, 2).contiguous() if flip else both
            state[f'{experts}.down_proj{suffix}'] = down.transpose(1, 2).contiguous() if flip else down
    pattern = file.key('attention.sliding_window_pattern')
    config['sliding_window'] = file.key('attention.sliding_window')
    return transformers.GptOssForCausalLM, state, transformers.GptOssConfig(
        num_local_experts=file.key('expert_count'), num_experts_per_tok=file.key('expert_used_count'),
        layer_types=['sliding_attention' if local else 'full_attention' for local in pattern],
        rope_parameters={'rope_type': 'yarn', 'rope_theta': file.key('rope.freq_base'), 'truncate': False,
                         'factor': file.key('rope.scaling.factor'), 'beta_fast': 32.0, 'beta_slow': 1.0,
                         'original_max_position_embeddings': file.key('rope.scaling.original_context_length')}, **config)


MODELS = {'phi2': phi2, 'phimoe': phimoe, 'starcoder2': starcoder2, 'gpt-oss': gpt_oss}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('model')
    parser.add_argument('out')
    parser.add_argument('--tokens', required=True)
    options = parser.parse_args()
    file = File(options.model)
    make, state, config = MODELS[file.arch](file)
    model = make(config).to(torch.float32).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing or unexpected:
        raise SystemExit(f'missing {missing}, unexpected {unexpected}')
    with torch.no_grad():
        logits = model(torch.tensor([[int(token) for token in options.tokens.split(',')]])).logits[0]
    logits.numpy().astype(np.float32).tofile(options.out)


if __name__ == '__main__':
    main()
