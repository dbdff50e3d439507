#!/usr/bin/env python3
"""Makes the golden files of test-accuracy: what a real model says in exact arithmetic about 1,000 tokens of source code.

The reference dequantizes the model's weights to F32 (`llama-quantize --allow-requantize`) and computes the logits of
the first N_TOKENS tokens of accuracy/source-code.txt. Of each position accuracy/NAME.bin keeps the N_TOP most probable
tokens, and the probability of all others together, so that a KL divergence can be computed. Little-endian:

  u32 N_TOKENS, u32 N_TOP, i32 tokens[N_TOKENS], then a position: i32 ids[N_TOP], f32 log_p[N_TOP], f32 log_p_of_the_rest

Usage: accuracy.py [--reference COMMAND] MODEL.gguf…. Build first; needs four bytes a weight on disk, below --scratch.
llama-quantize and llama-logits are looked for in PATH, or behind a command that runs another (--reference).
"""
import argparse
import array
import heapq
import math
import os
import shlex
import shutil
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FOLDER = os.path.join(HERE, 'accuracy')
N_TOKENS, N_TOP = 1000, 64


def tokenize(engine, model):
    with open(os.path.join(FOLDER, 'source-code.txt'), 'rb') as text:
        ids = subprocess.run([engine, 'tokenize', model], stdin=text, stdout=subprocess.PIPE, check=True).stdout.split()
    if len(ids) < N_TOKENS:
        raise SystemExit(f'the text is only {len(ids)} tokens long')
    return [int(token) for token in ids[:N_TOKENS]]


def distil(logits, tokens, path):
    n_vocab = os.path.getsize(logits) // 4 // N_TOKENS
    with open(logits, 'rb') as source, open(path, 'wb') as out:
        out.write(struct.pack(f'<II{N_TOKENS}i', N_TOKENS, N_TOP, *tokens))
        for _ in range(N_TOKENS):
            row = array.array('f', source.read(4 * n_vocab))
            top = heapq.nlargest(N_TOP, range(n_vocab), row.__getitem__)
            largest = row[top[0]]
            kept = [math.exp(row[token] - largest) for token in top]
            rest = math.fsum(math.exp(logit - largest) for logit in row) - math.fsum(kept)
            log_total = math.log(math.fsum(kept) + rest)
            out.write(struct.pack(f'<{N_TOP}i', *top))
            out.write(struct.pack(f'<{N_TOP}f', *(row[token] - largest - log_total for token in top)))
            out.write(struct.pack('<f', math.log(max(rest, 1e-30)) - log_total))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('models', nargs='+', metavar='MODEL.gguf')
    parser.add_argument('--reference', default='', metavar='COMMAND', help='runs the reference programs')
    parser.add_argument('--engine', default=os.path.join(ROOT, 'build/engine/cli/riposte-engine'))
    parser.add_argument('--scratch', metavar='FOLDER', help='where the dequantized model goes for a while')
    options = parser.parse_args()
    reference = shlex.split(options.reference)
    for model in options.models:
        name = os.path.basename(model).removesuffix('.gguf')
        tokens = tokenize(options.engine, model)
        with tempfile.TemporaryDirectory(prefix='riposte-golden-', dir=options.scratch) as scratch:
            # the reference may see no other folder
            source = shutil.copy(model, scratch)
            exact, logits = os.path.join(scratch, 'exact.gguf'), os.path.join(scratch, 'logits.f32')
            subprocess.run([*reference, 'llama-quantize', '--allow-requantize', source, exact, 'F32'],
                           check=True, capture_output=True)
            os.unlink(source)
            subprocess.run([*reference, 'llama-logits', exact, logits, '--tokens', ','.join(map(str, tokens))],
                           check=True, capture_output=True)
            distil(logits, tokens, os.path.join(FOLDER, name + '.bin'))
        print(name, flush=True)


if __name__ == '__main__':
    main()
