#!/usr/bin/env python3
"""Logits of a model as its makers' own code computes them (Hugging Face transformers), where llama.cpp departs from it:
phimoe (layer norms and the sparse mixer), phi2, starcoder2, codeshell and gemma3 (llama.cpp rounds what GELU takes to 16 bits), gpt-oss (YaRN's ramp is not rounded to whole pairs), deepseek2 (DeepSeek-V2 goes by a group's best expert, not by its best two),
phi3 (it has a window), afmoe (the experts' weights are normalised).

Usage: transformers-logits.py MODEL.gguf OUT.f32 --tokens 1,2,3. Needs numpy, gguf, torch and transformers.
"""
import argparse

import gguf
import numpy as np
import torch
import transformers

from checkpoints import mend


class File:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.keys = {name: field.contents() for name, field in reader.fields.items()}
        self.arch = self.keys['general.architecture']
        self.tensors = {tensor.name: torch.from_numpy(np.array(tensor.data)) for tensor in reader.tensors}

    def key(self, name):
        return self.keys[f'{self.arch}.{name}']

    def maybe(self, name):
        return self.keys.get(f'{self.arch}.{name}')

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

    def experts(self, state, to, block):
        """Gate above up, and down, of all experts."""
        state[f'{to}.gate_up_proj'] = torch.cat([self.tensors[f'{block}.ffn_gate_exps.weight'],
                                                 self.tensors[f'{block}.ffn_up_exps.weight']], 1)
        state[f'{to}.down_proj'] = self.tensors[f'{block}.ffn_down_exps.weight']

    def feed_forward(self, state, to, block, suffix=''):
        for name in ('gate', 'up', 'down'):
            self.linear(state, f'{to}.{name}_proj', f'{block}.ffn_{name}{suffix}')

    def yarn(self, **more):
        return {'rope_type': 'yarn', 'rope_theta': self.key('rope.freq_base'), 'factor': self.key('rope.scaling.factor'),
                'beta_fast': 32.0, 'beta_slow': 1.0,
                'original_max_position_embeddings': self.key('rope.scaling.original_context_length'), **more}

    def common(self, attention=(('attn_q', 'q'), ('attn_k', 'k'), ('attn_v', 'v'), ('attn_output', 'o'))):
        """Parameters of a configuration, and the weights, that all have under the same names."""
        state = {'model.embed_tokens.weight': self.tensors['token_embd.weight']}
        self.norm(state, 'model.norm', 'output_norm')
        self.linear(state, 'lm_head', 'output' if 'output.weight' in self.tensors else 'token_embd')
        for i in range(self.key('block_count')):
            block, layer = f'blk.{i}', f'model.layers.{i}'
            self.norm(state, f'{layer}.input_layernorm', f'{block}.attn_norm')
            for ours, theirs in attention:
                self.linear(state, f'{layer}.self_attn.{theirs}_proj', f'{block}.{ours}')
        return state, {
            'vocab_size': len(self.tensors['token_embd.weight']),
            'hidden_size': self.key('embedding_length'),
            'intermediate_size': self.maybe('expert_feed_forward_length') or self.key('feed_forward_length'),
            'num_hidden_layers': self.key('block_count'),
            'num_attention_heads': self.key('attention.head_count'),
            'num_key_value_heads': self.key('attention.head_count_kv'),
            'head_dim': self.maybe('attention.key_length') or self.key('rope.dimension_count'),
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
        file.norm(state, f'{layer}.post_attention_layernorm', f'{block}.ffn_norm')
        file.linear(state, f'{layer}.mlp.router', f'{block}.ffn_gate_inp')
        file.experts(state, f'{layer}.mlp.experts', block)
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
    """CodeShell is the same."""
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
    pattern = file.maybe('attention.sliding_window_pattern') or [i % 2 == 0 for i in range(file.key('block_count'))]
    config['sliding_window'] = file.key('attention.sliding_window')
    return transformers.GptOssForCausalLM, state, transformers.GptOssConfig(
        num_local_experts=file.key('expert_count'), num_experts_per_tok=file.key('expert_used_count'),
        layer_types=['sliding_attention' if local else 'full_attention' for local in pattern],
        rope_parameters=file.yarn(truncate=False), **config)


def phi3(file):
    state, config = file.common((('attn_qkv', 'qkv'), ('attn_output', 'o')))
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        file.norm(state, f'{layer}.post_attention_layernorm', f'{block}.ffn_norm')
        file.linear(state, f'{layer}.mlp.gate_up_proj', f'{block}.ffn_up')
        file.linear(state, f'{layer}.mlp.down_proj', f'{block}.ffn_down')
    config['sliding_window'] = file.key('attention.sliding_window')
    return transformers.Phi3ForCausalLM, state, transformers.Phi3Config(
        pad_token_id=0, original_max_position_embeddings=config['max_position_embeddings'],
        rope_parameters={'rope_type': 'default', 'rope_theta': file.key('rope.freq_base')}, **config)


def deepseek_v2(file):
    state, config = file.common((('attn_q_b', 'q_b'), ('attn_q_a', 'q_a'), ('attn_output', 'o')))
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        attention = f'{layer}.self_attn'
        file.norm(state, f'{attention}.q_a_layernorm', f'{block}.attn_q_a_norm')
        file.norm(state, f'{attention}.kv_a_layernorm', f'{block}.attn_kv_a_norm')
        file.linear(state, f'{attention}.kv_a_proj_with_mqa', f'{block}.attn_kv_a_mqa')
        state[f'{attention}.kv_b_proj.weight'] = torch.cat([file.tensors[f'{block}.attn_k_b.weight'].transpose(1, 2),
                                                            file.tensors[f'{block}.attn_v_b.weight']], 1).flatten(0, 1)
        file.norm(state, f'{layer}.post_attention_layernorm', f'{block}.ffn_norm')
        if i < file.key('leading_dense_block_count'):
            file.feed_forward(state, f'{layer}.mlp', block)
            continue
        file.linear(state, f'{layer}.mlp.gate', f'{block}.ffn_gate_inp')
        file.experts(state, f'{layer}.mlp.experts', block)
        file.feed_forward(state, f'{layer}.mlp.shared_experts', block, '_shexp')
    n_rot, multiplier = file.key('rope.dimension_count'), file.key('rope.scaling.yarn_log_multiplier')
    for name in ('num_key_value_heads', 'head_dim', 'sliding_window', 'intermediate_size'):
        del config[name]
    return transformers.DeepseekV2ForCausalLM, state, transformers.DeepseekV2Config(
        num_key_value_heads=config['num_attention_heads'], intermediate_size=file.key('feed_forward_length'),
        moe_intermediate_size=file.key('expert_feed_forward_length'), n_routed_experts=file.key('expert_count'),
        n_shared_experts=file.key('expert_shared_count'), num_experts_per_tok=file.key('expert_used_count'),
        n_group=file.key('expert_group_count'), topk_group=file.key('expert_group_used_count'),
        topk_method='group_limited_greedy', routed_scaling_factor=file.key('expert_weights_scale'),
        first_k_dense_replace=file.key('leading_dense_block_count'), q_lora_rank=file.key('attention.q_lora_rank'),
        kv_lora_rank=file.key('attention.kv_lora_rank'), qk_rope_head_dim=n_rot,
        qk_nope_head_dim=file.key('attention.key_length_mla') - n_rot, v_head_dim=file.key('attention.value_length_mla'),
        rope_parameters=file.yarn(mscale=10 * multiplier, mscale_all_dim=10 * multiplier), **config)


def afmoe(file):
    state, config = file.common()
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        for ours, theirs in (('post_attention_norm', 'post_attention_layernorm'), ('ffn_norm', 'pre_mlp_layernorm'),
                             ('post_ffw_norm', 'post_mlp_layernorm'), ('attn_q_norm', 'self_attn.q_norm'),
                             ('attn_k_norm', 'self_attn.k_norm')):
            file.norm(state, f'{layer}.{theirs}', f'{block}.{ours}')
        file.linear(state, f'{layer}.self_attn.gate_proj', f'{block}.attn_gate')
        if i < file.key('leading_dense_block_count'):
            file.feed_forward(state, f'{layer}.mlp', block)
            continue
        file.linear(state, f'{layer}.mlp.router.gate', f'{block}.ffn_gate_inp')
        state[f'{layer}.mlp.expert_bias'] = file.tensors[f'{block}.exp_probs_b.bias']
        file.experts(state, f'{layer}.mlp.experts', block)
        file.feed_forward(state, f'{layer}.mlp.shared_experts', block, '_shexp')
    config.update(sliding_window=file.key('attention.sliding_window'), intermediate_size=file.key('feed_forward_length'))
    return transformers.AfmoeForCausalLM, state, transformers.AfmoeConfig(
        moe_intermediate_size=file.key('expert_feed_forward_length'), num_dense_layers=file.key('leading_dense_block_count'),
        num_experts=file.key('expert_count'), num_experts_per_tok=file.key('expert_used_count'),
        num_shared_experts=file.key('expert_shared_count'), route_scale=file.key('expert_weights_scale'), mup_enabled=True,
        rope_parameters={'rope_type': 'default', 'rope_theta': file.key('rope.freq_base')}, **config)


def gemma3(file):
    state, config = file.common()
    del state['lm_head.weight']  # tied
    state['model.norm.weight'] = state['model.norm.weight'] - 1
    for i in range(file.key('block_count')):
        block, layer = f'blk.{i}', f'model.layers.{i}'
        file.feed_forward(state, f'{layer}.mlp', block)
        for ours, theirs in (('attn_norm', 'input_layernorm'), ('post_attention_norm', 'post_attention_layernorm'),
                             ('ffn_norm', 'pre_feedforward_layernorm'), ('post_ffw_norm', 'post_feedforward_layernorm'),
                             ('attn_q_norm', 'self_attn.q_norm'), ('attn_k_norm', 'self_attn.k_norm')):
            state[f'{layer}.{theirs}.weight'] = file.tensors[f'{block}.{ours}.weight'] - 1  # theirs add it
    config.update(sliding_window=file.key('attention.sliding_window'), tie_word_embeddings=True)
    return transformers.Gemma3ForCausalLM, state, transformers.Gemma3TextConfig(
        query_pre_attn_scalar=config['head_dim'],
        layer_types=['full_attention' if i % 6 == 5 else 'sliding_attention' for i in range(file.key('block_count'))],
        rope_parameters={'sliding_attention': {'rope_type': 'default', 'rope_theta': 10000.0},
                         'full_attention': {'rope_type': 'linear', 'rope_theta': file.key('rope.freq_base'),
                                            'factor': file.key('rope.scaling.factor')}}, **config)


MODELS = {'afmoe': afmoe, 'codeshell': starcoder2, 'gemma3': gemma3, 'deepseek2': deepseek_v2, 'phi3': phi3, 'phi2': phi2, 'phimoe': phimoe, 'starcoder2': starcoder2, 'gpt-oss': gpt_oss}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('model')
    parser.add_argument('out')
    parser.add_argument('--tokens', required=True)
    options = parser.parse_args()
    file = File(options.model)
    make, state, config = MODELS[file.arch](file)
    model = make(config).to(torch.float32).eval()
    for module in model.modules():
        mend(module, config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {'lm_head.weight'} or 'lm_head.weight' in missing and not model.config.tie_word_embeddings:
        raise SystemExit(f'missing {missing}, unexpected {unexpected}')
    with torch.no_grad():
        logits = model(torch.tensor([[int(token) for token in options.tokens.split(',')]])).logits[0]
    logits.numpy().astype(np.float32).tofile(options.out)


if __name__ == '__main__':
    main()
