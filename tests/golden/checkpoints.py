#!/usr/bin/env python3
"""Makes random checkpoints of middling size with transformers' own classes, converts them with llama.cpp's converter, and
writes transformers' logits of them beside: FOLDER/NAME.gguf and FOLDER/NAME.f32, for compare.py --models FOLDER.

They use what the tiny models of llama-archs leave unused: many experts in groups, grouped queries, windows shorter and
longer than the input, RoPE scaled beyond the original context, and keys as the converter writes them.

Usage: checkpoints.py FOLDER [--converter FOLDER] [--tokens N] [--seed N] [NAME…]. Needs torch, transformers, safetensors,
gguf and llama.cpp's converter (the folder that holds its package `conversion`).
"""
import argparse
import json
import math
import random
import sys
import tempfile
import traceback
from pathlib import Path

import torch
import transformers

COMMON = {'vocab_size': 512, 'hidden_size': 256, 'intermediate_size': 384, 'num_hidden_layers': 5,
          'num_attention_heads': 8, 'num_key_value_heads': 2, 'max_position_embeddings': 4096,
          'bos_token_id': 1, 'eos_token_id': 2, 'pad_token_id': 0}
PLAIN = {'rope_type': 'default', 'rope_theta': 1e6}


def yarn(original, factor, theta=1e6, **more):
    return {'rope_type': 'yarn', 'rope_theta': theta, 'factor': factor, 'original_max_position_embeddings': original,
            'beta_fast': 32.0, 'beta_slow': 1.0, **more}


def longrope(n_pairs, original, factor):
    return {'rope_type': 'longrope', 'rope_theta': 10000.0, 'original_max_position_embeddings': original,
            'factor': factor, 'short_factor': [1 + 0.01 * i for i in range(n_pairs)],
            'long_factor': [1 + 0.5 * i for i in range(n_pairs)]}


def layers(text):
    """'LLG': two layers with a window and one without."""
    return [{'L': 'sliding_attention', 'G': 'full_attention'}[letter] for letter in text]


def mlps(text):
    return [{'d': 'dense', 's': 'sparse'}[letter] for letter in text]


LATENT = {'num_key_value_heads': 8, 'kv_lora_rank': 64, 'q_lora_rank': 96, 'qk_nope_head_dim': 48,
          'qk_rope_head_dim': 32, 'v_head_dim': 64, 'moe_intermediate_size': 96, 'first_k_dense_replace': 1,
          'n_routed_experts': 32, 'num_experts_per_tok': 6, 'routed_scaling_factor': 2.5}
GPT_OSS = {'head_dim': 64, 'num_local_experts': 32, 'num_experts_per_tok': 4, 'intermediate_size': 192,
           'num_hidden_layers': 6}
QWEN3 = {'head_dim': 64, 'num_experts': 32, 'num_experts_per_tok': 8, 'moe_intermediate_size': 96,
         'norm_topk_prob': True}
# NAME: (class of the model, its configuration beside COMMON)
CHECKPOINTS = {
    'gpt-oss': ('GptOssForCausalLM', {**GPT_OSS, 'sliding_window': 128, 'layer_types': layers('LGLGLG'),
                                      'rope_parameters': yarn(96, 32.0, 150000.0, truncate=False)}),
    'gpt-oss-wide': ('GptOssForCausalLM', {**GPT_OSS, 'sliding_window': 2048, 'layer_types': layers('LGLGLG'),
                                           'rope_parameters': yarn(4096, 32.0, 150000.0, truncate=False)}),
    'deepseek2-v3': ('DeepseekV3ForCausalLM', {**LATENT, 'n_group': 8, 'topk_group': 4, 'norm_topk_prob': True, 'scoring_func': 'sigmoid',
                                               'rope_parameters': yarn(96, 40.0, 10000.0, mscale=1.0,
                                                                       mscale_all_dim=1.0)}),
    'deepseek2-v2': ('DeepseekV2ForCausalLM', {**LATENT, 'n_group': 8, 'topk_group': 3, 'n_shared_experts': 2,
                                               'topk_method': 'group_limited_greedy', 'scoring_func': 'softmax',
                                               'rope_parameters': yarn(96, 40.0, 10000.0, mscale=0.707,
                                                                       mscale_all_dim=0.707)}),
    # which it is goes by its number of layers
    'deepseek2-lite': ('DeepseekV2ForCausalLM', {**LATENT, 'num_hidden_layers': 27, 'q_lora_rank': None, 'n_group': 1, 'topk_group': 1,
                                                 'n_shared_experts': 2, 'topk_method': 'greedy',
                                                 'routed_scaling_factor': 1.0,
                                                 'rope_parameters': yarn(96, 40.0, 10000.0, mscale=0.707,
                                                                         mscale_all_dim=0.707)}),
    'glm4moe': ('Glm4MoeForCausalLM', {'head_dim': 64, 'n_routed_experts': 32, 'num_experts_per_tok': 8,
                                       'moe_intermediate_size': 96, 'use_qk_norm': True, 'attention_bias': True,
                                       'routed_scaling_factor': 1.5,
                                       'rope_parameters': {**PLAIN, 'partial_rotary_factor': 0.5}}),
    'glm4moe-groups': ('Glm4MoeForCausalLM', {'head_dim': 64, 'n_routed_experts': 32, 'num_experts_per_tok': 6,
                                              'moe_intermediate_size': 96, 'n_group': 8, 'topk_group': 3,
                                              'routed_scaling_factor': 2.5,
                                              'rope_parameters': {**PLAIN, 'partial_rotary_factor': 0.5}}),
    'gemma3': ('Gemma3ForCausalLM', {'head_dim': 64, 'num_hidden_layers': 8, 'sliding_window': 128,
                                     'query_pre_attn_scalar': 64, 'layer_types': layers('LLLLLGLL'),
                                     'rope_parameters': {
                                         'sliding_attention': {'rope_type': 'default', 'rope_theta': 10000.0},
                                         'full_attention': {'rope_type': 'linear', 'rope_theta': 1e6, 'factor': 8.0}}}),
    'gemma3-wide': ('Gemma3ForCausalLM', {'head_dim': 64, 'num_hidden_layers': 8, 'sliding_window': 1024,
                                          'query_pre_attn_scalar': 64, 'layer_types': layers('LLLLLGLL'),
                                          'rope_parameters': {
                                              'sliding_attention': {'rope_type': 'default', 'rope_theta': 10000.0},
                                              'full_attention': PLAIN}}),
    'gemma2': ('Gemma2ForCausalLM', {'head_dim': 64, 'sliding_window': 128, 'query_pre_attn_scalar': 64,
                                     'num_hidden_layers': 6}),
    'phi3-long': ('Phi3ForCausalLM', {'rope_parameters': longrope(16, 256, 16.0),
                                      'original_max_position_embeddings': 256}),
    'phi3-window': ('Phi3ForCausalLM', {'sliding_window': 128}),
    'qwen3moe': ('Qwen3MoeForCausalLM', {**QWEN3, 'rope_parameters': yarn(96, 4.0)}),
    'qwen2moe': ('Qwen2MoeForCausalLM', {'num_experts': 30, 'num_experts_per_tok': 4, 'moe_intermediate_size': 96,
                                         'shared_expert_intermediate_size': 384}),
    'ernie4_5-moe': ('Ernie4_5_MoeForCausalLM', {'moe_num_experts': 32, 'moe_k': 6, 'moe_intermediate_size': 96,
                                                 'moe_num_shared_experts': 2, 'rope_parameters': PLAIN}),
    'laguna': ('LagunaForCausalLM', {'head_dim': 64, 'num_experts': 32, 'num_experts_per_tok': 8,
                                     'moe_intermediate_size': 96, 'shared_expert_intermediate_size': 96,
                                     'num_attention_heads_per_layer': [8, 12, 12, 12, 8], 'sliding_window': 128,
                                     'layer_types': layers('GLLLG'), 'mlp_layer_types': mlps('dssss'),
                                     'moe_routed_scaling_factor': 2.5, 'gating': True,
                                     'rope_parameters': {
                                         'full_attention': {**yarn(96, 32.0, 5e5), 'partial_rotary_factor': 0.5},
                                         'sliding_attention': {'rope_type': 'default', 'rope_theta': 10000.0,
                                                               'partial_rotary_factor': 1.0}}}),
    'afmoe': ('AfmoeForCausalLM', {'head_dim': 64, 'num_experts': 32, 'num_experts_per_tok': 6, 'num_dense_layers': 2,
                                   'moe_intermediate_size': 96, 'num_shared_experts': 1, 'route_scale': 2.826,
                                   'sliding_window': 128, 'mup_enabled': True, 'num_hidden_layers': 6, 'route_norm': True,
                                   'layer_types': layers('LLLGLL'),
                                   'rope_parameters': {'rope_type': 'default', 'rope_theta': 10000.0}}),
    'cohere2moe': ('Cohere2MoeForCausalLM', {'head_dim': 64, 'num_experts': 32, 'num_experts_per_tok': 4,
                                             'intermediate_size': 96, 'num_shared_experts': 2, 'sliding_window': 128,
                                             'expert_selection_fn': 'sigmoid', 'logit_scale': 0.25,
                                             'layer_types': layers('LLLGL')}),
    'cohere2': ('Cohere2ForCausalLM', {'sliding_window': 128, 'layer_types': layers('LLLGL'), 'logit_scale': 0.25,
                                       'rotary_pct': 1.0}),
    'exaone-moe': ('ExaoneMoeForCausalLM', {'num_experts': 32, 'num_experts_per_tok': 6, 'moe_intermediate_size': 96,
                                            'num_shared_experts': 1, 'sliding_window': 128, 'n_group': 8,
                                            'topk_group': 3, 'head_dim': 64, 'layer_types': layers('LLLGG'), 'scoring_func': 'sigmoid',
                                            'mlp_layer_types': mlps('dssss'), 'rope_parameters': PLAIN}),
    'exaone4': ('Exaone4ForCausalLM', {'sliding_window': 128, 'layer_types': layers('LLLGL'), 'rope_parameters': PLAIN}),
    'mellum': ('MellumForCausalLM', {**QWEN3, 'sliding_window': 128, 'layer_types': layers('LLLGL'),
                                     'mlp_layer_types': mlps('sssss'),
                                     'rope_parameters': {'full_attention': yarn(96, 16.0, 5e5),
                                                         'sliding_attention': {'rope_type': 'default',
                                                                               'rope_theta': 10000.0}}}),
    'hy_v3': ('HYV3ForCausalLM', {'head_dim': 64, 'num_experts': 32, 'num_experts_per_tok': 8,
                                  'moe_intermediate_size': 96, 'num_shared_experts': 1, 'rope_parameters': PLAIN,
                                  'mlp_layer_types': mlps('dssss')}),
    'minimax-m2': ('MiniMaxM2ForCausalLM', {'head_dim': 64, 'num_local_experts': 32, 'num_experts_per_tok': 8,
                                            'intermediate_size': 96, 'rotary_dim': 32,
                                            'rope_parameters': {'rope_type': 'default', 'rope_theta': 5e6,
                                                                'partial_rotary_factor': 0.5}}),
    'olmoe': ('OlmoeForCausalLM', {'num_experts': 32, 'num_experts_per_tok': 8, 'intermediate_size': 96,
                                   'num_key_value_heads': 8}),
    # without YaRN, which transformers 5 applies to the layers with a window, too; 4.57 and the makers' code do not
    'olmo3': ('Olmo3ForCausalLM', {'sliding_window': 128, 'layer_types': layers('LLLGL'), 'rope_parameters': PLAIN}),
    'granitemoe': ('GraniteMoeForCausalLM', {'num_local_experts': 32, 'num_experts_per_tok': 8,
                                             'intermediate_size': 96, 'embedding_multiplier': 12.0,
                                             'logits_scaling': 6.0, 'residual_multiplier': 0.22,
                                             'attention_multiplier': 0.03125}),
    'granitemoe-shared': ('GraniteMoeSharedForCausalLM', {'num_local_experts': 32, 'num_experts_per_tok': 8,
                                                          'intermediate_size': 96, 'shared_intermediate_size': 160,
                                                          'embedding_multiplier': 12.0, 'logits_scaling': 6.0,
                                                          'residual_multiplier': 0.22,
                                                          'attention_multiplier': 0.03125}),
    'granite': ('GraniteForCausalLM', {'embedding_multiplier': 12.0, 'logits_scaling': 6.0,
                                       'residual_multiplier': 0.22, 'attention_multiplier': 0.03125}),
    'mixtral': ('MixtralForCausalLM', {'num_local_experts': 8, 'num_experts_per_tok': 2, 'rope_parameters': PLAIN}),
    'dots1': ('Dots1ForCausalLM', {'num_key_value_heads': 8, 'n_routed_experts': 32, 'n_shared_experts': 2, 'num_experts_per_tok': 6,
                                   'moe_intermediate_size': 96, 'first_k_dense_replace': 1, 'norm_topk_prob': True,
                                   'scoring_func': 'sigmoid', 'routed_scaling_factor': 2.5, 'n_group': 1, 'topk_group': 1,
                                   'layer_types': layers('GGGGG')}),
    'smollm3': ('SmolLM3ForCausalLM', {'rope_parameters': {'rope_type': 'default', 'rope_theta': 2e6}}),
    'seed_oss': ('SeedOssForCausalLM', {'head_dim': 64, 'attention_dropout': 0.0, 'residual_dropout': 0.0,
                                        'rope_parameters': PLAIN}),
    'hunyuan-moe': ('HunYuanMoEV1ForCausalLM', {'head_dim': 32, 'num_experts': 16, 'moe_topk': [4] * 5,
                                                'intermediate_size': 96, 'moe_intermediate_size': [96] * 5,
                                                'num_shared_expert': [1] * 5, 'rope_parameters': PLAIN}),
    'starcoder2': ('Starcoder2ForCausalLM', {'rope_parameters': PLAIN}),
    'llama-scaled': ('LlamaForCausalLM', {'rope_parameters': {'rope_type': 'llama3', 'rope_theta': 5e5, 'factor': 8.0,
                                                              'low_freq_factor': 1.0, 'high_freq_factor': 4.0,
                                                              'original_max_position_embeddings': 96}}),
    'qwen2': ('Qwen2ForCausalLM', {'rope_parameters': yarn(96, 4.0)}),
    'qwen3': ('Qwen3ForCausalLM', {'head_dim': 64, 'rope_parameters': yarn(96, 4.0)}),
    'llama4': ('Llama4ForCausalLM', {'head_dim': 64, 'num_hidden_layers': 8, 'num_local_experts': 16,
                                     'intermediate_size_mlp': 512, 'interleave_moe_layer_step': 2,
                                     'attention_chunk_size': 128, 'floor_scale': 96, 'attn_scale': 0.1,
                                     'use_qk_norm': True,
                                     'rope_parameters': {'rope_type': 'llama3', 'rope_theta': 5e5, 'factor': 16.0,
                                                         'low_freq_factor': 1.0, 'high_freq_factor': 1.0,
                                                         'original_max_position_embeddings': 96}}),
}


def draw(model, seed):
    """Weights such that every layer matters, as in a trained model."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in [*model.named_parameters(), *model.named_buffers()]:
            normal = torch.randn(weight.shape, generator=generator)
            if 'inv_freq' in name or not weight.is_floating_point() or weight.ndim == 0 or 'embed_scale' in name:
                continue
            if weight.ndim == 1:
                norm = 'norm' in name and name.endswith('.weight')
                weight.copy_(weight + 0.2 * normal if norm else 0.3 * normal)
            elif 'embed' in name:
                weight.copy_(0.5 * normal)
            else:
                sharper = 2 if any(part in name for part in ('q_proj', 'k_proj', 'q_b_proj', 'kv_a_proj')) else 1
                weight.copy_(sharper * normal / max(weight.shape[-2:]) ** 0.5)


def mend(module, config):
    """What transformers 5.12 leaves out of the makers' code of DeepSeek-V2."""
    if type(module).__name__ == 'DeepseekV2Moe':
        module.num_experts = config.n_routed_experts
    elif type(module).__name__ == 'DeepseekV2Attention' and config.rope_parameters['rope_type'] == 'yarn':
        rope = config.rope_parameters
        module.scaling *= (1 + 0.1 * rope['mscale_all_dim'] * math.log(rope['factor'])) ** 2


def make(name, seed):
    kind, more = CHECKPOINTS[name]
    model_class = getattr(transformers, kind)
    config_class = model_class.config_class
    # copied: transformers fills in what it is given
    config = config_class(**{**COMMON, **eval(repr(more))})
    config._attn_implementation = 'eager'
    if hasattr(config, '_experts_implementation'):
        config._experts_implementation = 'eager'
    torch.manual_seed(seed)
    model = model_class(config).to(torch.float32).eval()
    draw(model, seed)
    for module in model.modules():
        mend(module, config)
    return model


def convert(folder, out):
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
    hparams = ModelBase.load_hparams(folder, False)
    model_class = get_model_class(get_model_architecture(hparams, ModelType.TEXT))

    class Bare(model_class):
        """Without a vocabulary."""
        model_arch = model_class.model_arch

        def set_vocab(self):
            self._set_vocab_none()

        def set_gguf_parameters(self):
            super().set_gguf_parameters()
            key = f'{self.gguf_writer.arch}.vocab_size'
            if not any(key in shard for shard in self.gguf_writer.kv_data):
                self.gguf_writer.add_vocab_size(self.hparams['vocab_size'])

    import gguf
    with torch.inference_mode():
        Bare(folder, gguf.LlamaFileType.ALL_F32, out, eager=True).write()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('names', nargs='*', metavar='NAME')
    parser.add_argument('--converter', default='/usr/share/llama.cpp/llama.cpp-tools', metavar='FOLDER')
    parser.add_argument('--tokens', type=int, default=600)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    sys.path.insert(1, options.converter)
    options.folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in options.names or CHECKPOINTS:
        try:
            model = make(name, options.seed)
            chooser = random.Random(options.seed)
            tokens = [chooser.randrange(128) for _ in range(options.tokens)]
            with tempfile.TemporaryDirectory() as scratch:
                model.save_pretrained(scratch)
                # the converter of Gemma counts the tokens
                Path(scratch, 'tokenizer.json').write_text(json.dumps(
                    {'model': {'vocab': {str(i): i for i in range(COMMON['vocab_size'])}}, 'added_tokens': []}))
                convert(Path(scratch), options.folder / f'{name}.gguf')
            with torch.inference_mode():
                logits = model(torch.tensor([tokens]), use_cache=False).logits[0]
            logits.float().numpy().tofile(options.folder / f'{name}.f32')
            print(f'{name}: deviation {logits.std():.3f}', flush=True)
        except Exception:
            traceback.print_exc()
            failed.append(name)
    print('failed:', *failed)
    sys.exit(bool(failed))


if __name__ == '__main__':
    main()
