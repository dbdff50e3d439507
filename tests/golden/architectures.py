#!/usr/bin/env python3
"""Makes the golden files of test-architectures: a tiny model of each architecture, and the reference's logits of it.

NAME.txt describes a model: the keys as `llama-archs` (llama.cpp's test-llama-archs) writes them, and the tensors. Their
weights are not kept: golden-model.c draws them again, from a generator seeded with each tensor's name. NAME.f32 has a
row a position: the standard deviation of the reference's logits there, and N_KEPT of these logits, other ones at every
position. The reference computes them from the very file that golden-model.c writes.

With --checkpoints FOLDER it makes those of mid-sized/ instead, from models that checkpoints.py has put there.

Usage: architectures.py [--reference COMMAND] [--checkpoints FOLDER] NAME…, with the names that llama-archs gives its
files, less .gguf, or of VARIANTS; or those of checkpoints.py or of MID_SIZED. Build first; llama-archs, llama-logits and,
for BY_TRANSFORMERS, python3 are looked for in PATH, or behind a command that runs another (--reference).
"""
import argparse
import array
import os
import shlex
import statistics
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# as in golden-model.h
N_KEPT = 8
N_TOKENS, N_TOKENS_MID_SIZED = 200, 600
SCALARS = {0: ('u8', '<B'), 1: ('i8', '<b'), 2: ('u16', '<H'), 3: ('i16', '<h'), 4: ('u32', '<I'), 5: ('i32', '<i'),
           6: ('f32', '<f'), 7: ('bool', '<?'), 10: ('u64', '<Q'), 11: ('i64', '<q'), 12: ('f64', '<d')}
STRING, ARRAY = 8, 9
# llama-archs makes two experts and uses both, so nothing is chosen: give it something to choose.
N_EXPERT, N_USED = 4, 2


# What llama-archs leaves unused: NAME: (its model, {key: content}, {a tensor's name, or its end: (another, dimensions)}). Keys of its own names are changed as well where the
# reference departs from the model's makers, so that both agree.
VARIANTS = {
    # it turns three layers of four, whichever have a window
    'afmoe-moe': ('afmoe-moe', {'attention.sliding_window_pattern': [True, True]}),
    # long factors from the room for tokens on, not from their number
    'phi3-dense': ('phi3-dense', {'rope.scaling.original_context_length': [64]}),
    'phimoe-long': ('phimoe-moe', {'rope.scaling.original_context_length': [64]}),
    'phi3-short': ('phi3-dense', {'rope.scaling.original_context_length': [4096], 'context_length': [4096]}),
    'deepseek2-groups': ('deepseek2-moe', {'expert_group_count': [8], 'expert_group_used_count': [3],
                                           'expert_used_count': [6], 'expert_weights_norm': [True],
                                           'expert_weights_scale': [2.5]}),
    'deepseek2-yarn': ('deepseek2-moe', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [4.0],
                                         'rope.scaling.original_context_length': [48],
                                         'rope.scaling.yarn_log_multiplier': [0.0707], 'expert_used_count': [6],
                                         'expert_gating_func': [1]}),
    'deepseek2-heads': ('deepseek2-moe', {'attention.head_count': [3], 'expert_used_count': [6]},
                        {'attn_q_b': ('attn_q_b', [512, 576]), 'attn_k_b': ('attn_k_b', [128, 512, 3]),
                         'attn_v_b': ('attn_v_b', [512, 128, 3]), 'attn_output': ('attn_output', [384, 128])}),
    # as files were before keys and values could be left compressed
    'deepseek2-unfolded': ('deepseek2-moe', {'attention.head_count': [3], 'attention.head_count_kv': [3],
                                             'attention.key_length': [192], 'attention.value_length': [128],
                                             'attention.key_length_mla': [0], 'attention.value_length_mla': [0],
                                             'expert_used_count': [6]},
                           {'attn_q_b': ('attn_q_b', [512, 576]), 'attn_k_b': ('attn_kv_b', [512, 768]),
                            'attn_v_b': None, 'attn_output': ('attn_output', [384, 128])}),
    'gpt-oss-yarn': ('gpt-oss-moe', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [8.0],
                                     'rope.scaling.original_context_length': [48]}),
    'gpt-oss-exact': ('gpt-oss-moe', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [8.0],
                                      'rope.scaling.original_context_length': [48],
                                      'rope.scaling.yarn_truncate': [False]}),
    'smallthinker-experts': ('smallthinker-moe', {'expert_count': [32], 'expert_used_count': [6]}),
    'bailingmoe2-groups': ('bailingmoe2-moe', {'expert_count': [32], 'expert_used_count': [6], 'expert_group_count': [8],
                                               'expert_group_used_count': [4], 'expert_gating_func': [2],
                                               'expert_weights_norm': [True], 'expert_weights_scale': [2.5]}),
    'mimo2-experts': ('mimo2-moe', {'expert_count': [32], 'expert_used_count': [6], 'attention.sliding_window': [48]}),
    'grok-experts': ('grok-moe', {'expert_count': [8], 'expert_used_count': [2]}),
    'gemma3-local': ('gemma3-dense', {'rope.freq_base': [1e6], 'rope.scaling.factor': [8.0]}),
    'glm4moe-plain': ('glm4moe-moe', {'expert_weights_norm': [True], 'expert_weights_scale': [1.5],
                                      'rope.dimension_count': [64], 'rope.dimension_sections': [0] * 4}),
    'glm4-plain': ('glm4-dense', {'rope.dimension_count': [64], 'rope.dimension_sections': [0] * 4}),
    'stablelm-dense': ('stablelm-dense', {}, {'attn_q_norm': None, 'attn_k_norm': None}),
    'granite-unturned': ('granite-dense', {'rope.scaling.finetuned': [False]}),
    'granite-scales': ('granitemoe-moe', {'attention.scale': [0.015625], 'embedding_scale': [12.0], 'logit_scale': [6.0],
                                          'residual_scale': [0.22]}),
    'laguna-yarn': ('laguna-moe', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [4.0],
                                   'rope.scaling.original_context_length': [48], 'rope.freq_base': [5e5],
                                   'rope.dimension_count': [40], 'expert_weights_norm': [True],
                                   'expert_weights_scale': [2.5]}),
    'mistral3-temperature': ('mistral3-dense', {'attention.temperature_scale': [0.1], 'attention.temperature_length': [48],
                                                'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [4.0],
                                                'rope.scaling.original_context_length': [48]}),
    'mistral4-temperature': ('mistral4-moe', {'attention.temperature_scale': [0.1],
                                              'attention.temperature_length': [32]}),
    'olmo2-yarn': ('olmo2-dense', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [4.0],
                                  'rope.scaling.original_context_length': [48]}),
    'mellum-yarn': ('mellum-moe', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [4.0],
                                  'rope.scaling.original_context_length': [48]}),
    # as in real files: a fourth section stands still in text
    'qwen2vl-dense': ('qwen2vl-dense', {'rope.dimension_sections': [16, 24, 24, 0]}, {'output.bias': None}),
    'pangu-embedded-dense': ('pangu-embedded-dense', {}, {'rope_freqs': None}),
    'qwen3moe-yarn': ('qwen3moe-moe', {'rope.scaling.type': ['yarn'], 'rope.scaling.factor': [4.0],
                                       'rope.scaling.original_context_length': [48]}),
}
# Of the checkpoints, NAME: (its checkpoint, {key: content or None}, {the end of a tensor's name: its type}).
MID_SIZED = {
    # whether the experts' weights are normalised does not stand in it
    'afmoe': ('afmoe', {'expert_weights_norm': None}, {}),
    'gpt-oss-mxfp4': ('gpt-oss', {}, {'_exps': 'MXFP4'}),
}
# Where llama.cpp departs from the model's makers: see transformers-logits.py.
BY_TRANSFORMERS = {'codeshell-dense', 'phi2-dense', 'phimoe-moe', 'phimoe-long', 'starcoder2-dense', 'gpt-oss-exact', 'gpt-oss',
                   'gpt-oss-mxfp4', 'deepseek2-v2', 'phi3-window', 'afmoe', 'gemma3'}


class Reader:
    """The keys and tensors of a GGUF file."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            self.data = file.read()
        self.at = 8
        n_tensors, n_keys = self.take('<QQ')
        self.keys = [self.key() for _ in range(n_keys)]
        self.tensors = [self.tensor() for _ in range(n_tensors)]

    def take(self, form):
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def string(self):
        length, = self.take('<Q')
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def value(self, kind):
        return self.string() if kind == STRING else self.take(SCALARS[kind][1])[0]

    def key(self):
        """(name, name of the type, values)"""
        name, (kind,) = self.string(), self.take('<I')
        if kind != ARRAY:
            return name, 'str' if kind == STRING else SCALARS[kind][0], [self.value(kind)]
        element, length = self.take('<IQ')
        return (name, ('str' if element == STRING else SCALARS[element][0]) + '[]',
                [self.value(element) for _ in range(length)])

    def tensor(self):
        name, (n_dims,) = self.string(), self.take('<I')
        dims = self.take(f'<{n_dims}Q')
        kind, _ = self.take('<IQ')
        if kind != 0:
            raise SystemExit(f'{name} is not F32')
        return name, list(dims)


def moments(name, dims, sharpness):
    """Mean and deviation of a tensor's weights: such that every layer matters, as in a trained model."""
    if name.endswith('scale') or 'norm' in name and name.endswith('.weight') and len(dims) == 1:
        return 1, 0.2
    if name.startswith('rope_'):
        return 3, 1
    if name.endswith('ssm_a'):
        return -1, 0.3
    if name.startswith('token_embd') or len(dims) == 1:
        return 0, 0.5
    # queries and keys larger than the rest, so that attention tells positions apart; in many layers, that is chaos
    return 0, (sharpness if '.attn_q' in name or '.attn_k' in name else 1) / dims[0] ** 0.5


def more_experts(key, content):
    if key.endswith('.expert_count') and content == [2]:
        return [N_EXPERT]
    return [N_USED] if key.endswith('.expert_used_count') and content == [2] else content


def more_experts_in(name, dims, was, n_expert):
    if was == [2] and ('exps' in name or 'ffn_gate_inp' in name or 'exp_probs' in name) and dims[-1] == 2:
        return dims[:-1] + more_experts('.expert_count', n_expert)
    return dims


def word(content):
    if isinstance(content, bool):
        return str(int(content))
    if isinstance(content, float):
        return repr(struct.unpack('<f', struct.pack('<f', content))[0]) if content == content else 'nan'
    text = str(content)
    if not text or any(c.isspace() for c in text) or '*' in text:
        raise SystemExit(f'“{text}” cannot stand in a description')
    return text


def words(contents):
    """Runs of the same are written once: 0*512."""
    runs = []
    for content in map(word, contents):
        if runs and runs[-1][0] == content:
            runs[-1][1] += 1
        else:
            runs.append([content, 1])
    return ' '.join(content if count == 1 else f'{content}*{count}' for content, count in runs)


def changed(name, dims, tensors):
    """Name and dimensions of a variant's tensor; None where it has no such."""
    if name in tensors:
        return tensors[name]
    block, _, rest = name.removesuffix('.weight').rpartition('.')
    if not name.endswith('.weight') or rest not in tensors:
        return name, dims
    return tensors[rest] and (f'{block}.{tensors[rest][0]}.weight', tensors[rest][1])


def describe(model, path, changes, tensors=(), types=(), n_tokens=N_TOKENS):
    was = next((content for key, _, content in model.keys if key.endswith('.expert_count')), [0])
    n_expert = changes.get('expert_count', was)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('# Made by architectures.py. key NAME TYPE VALUES, tensor[:TYPE] NAME MEAN DEVIATION DIMENSIONS\n')
        if n_tokens != N_TOKENS:
            file.write(f'tokens {n_tokens}\n')
        for key, kind, content in model.keys:
            content = changes.pop(key.partition('.')[2], content)
            if content is not None and not key.startswith('general.name'):
                file.write(f'key {key} {kind} {words(more_experts(key, content))}'.rstrip() + '\n')
        for key, content in changes.items():
            kind = {bool: 'bool', int: 'u32', float: 'f32'}[type(content[0])]
            file.write(f'key {model.keys[0][2][0]}.{key} {kind} {words(content)}\n')
        for name, dims in filter(None, (changed(*tensor, tensors) for tensor in model.tensors)):
            mean, deviation = moments(name, dims, 2 if n_tokens == N_TOKENS else 1)
            kind = next((f':{types[end]}' for end in types if name.removesuffix('.weight').endswith(end)), '')
            dims = ' '.join(map(str, more_experts_in(name, dims, was, n_expert)))
            file.write(f'tensor{kind} {name} {mean} {deviation:.6g} {dims}\n')


def keep(logits, path, n_tokens):
    """The rows of NAME.f32 from all logits."""
    with open(logits, 'rb') as file:
        floats = array.array('f', file.read())
    n_vocab = len(floats) // n_tokens
    rows = array.array('f')
    for position in range(n_tokens):
        row = floats[position * n_vocab:(position + 1) * n_vocab]
        rows.append(statistics.pstdev(row))
        rows.extend(row[(position + j * n_vocab // N_KEPT) % n_vocab] for j in range(N_KEPT))
    with open(path, 'wb') as file:
        rows.tofile(file)


def describe_named(name, folder, checkpoints, description):
    if checkpoints:
        base, changes, types = MID_SIZED.get(name, (name, {}, {}))
        model = Reader(os.path.join(checkpoints, base + '.gguf'))
        describe(model, description, dict(changes), types=types, n_tokens=N_TOKENS_MID_SIZED)
    else:
        base, changes, tensors = (*VARIANTS.get(name, (name, {})), {})[:3]
        describe(Reader(os.path.join(folder, base + '.gguf')), description, dict(changes), tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('names', nargs='+', metavar='NAME')
    parser.add_argument('--reference', default='', metavar='COMMAND', help='runs the reference programs')
    parser.add_argument('--build', default=os.path.join(ROOT, 'build'), metavar='FOLDER')
    parser.add_argument('--checkpoints', metavar='FOLDER', help='make models of middling size, from those there')
    options = parser.parse_args()
    reference = shlex.split(options.reference)
    folder = os.path.join(HERE, 'mid-sized' if options.checkpoints else 'architectures')
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='riposte-golden-') as scratch:
        if not options.checkpoints:
            subprocess.run([*reference, 'llama-archs', '-o', scratch, '-s', '1'], check=True, capture_output=True)
        for name in options.names:
            description = os.path.join(folder, name + '.txt')
            describe_named(name, scratch, options.checkpoints, description)
            model, logits = os.path.join(scratch, 'model.gguf'), os.path.join(scratch, 'logits.f32')
            tokens = subprocess.run([os.path.join(options.build, 'tests/test-architectures'), '--write', description, model],
                                    check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
            program = ['python3', os.path.join(HERE, 'transformers-logits.py')] if name in BY_TRANSFORMERS else ['llama-logits']
            subprocess.run([*reference, *program, model, logits, '--tokens', tokens], check=True, capture_output=True, cwd=ROOT)
            keep(logits, os.path.join(folder, name + '.f32'), tokens.count(',') + 1)
            print(name, flush=True)


if __name__ == '__main__':
    main()
