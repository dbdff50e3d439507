#!/usr/bin/env python3
"""Compares the engine's logits with the reference's, on tiny random models of every architecture that both know.

The reference is llama.cpp: `llama-archs -o FOLDER -s SEED` (its test-llama-archs) makes the models, and
`llama-logits MODEL OUT --tokens 1,2,3` writes its logits, as `riposte-engine logits` does. Both are looked for in PATH, or
behind a command that runs another: --reference "chroot /somewhere". Prints a line a model and device, and exits with 1
where a logit is further off than the tolerance, in standard deviations of its position's logits.

With --models FOLDER it compares the models of checkpoints.py instead; of those, a second opinion lies beside in NAME.f32,
which decides where the two references differ.

Usage: compare.py [--reference COMMAND] [--seeds 1,2] [--devices cpu,vulkan:0] [--models FOLDER] [MODEL-NAME…]
"""
import argparse
import array
import os
import random
import shlex
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('names', nargs='*', metavar='NAME', help='models as llama-archs names them, without .gguf')
    parser.add_argument('--reference', default='', metavar='COMMAND', help='runs the reference programs')
    parser.add_argument('--engine', default=os.path.join(ROOT, 'build/engine/cli/riposte-engine'))
    parser.add_argument('--seeds', default='1', metavar='N,N', help='of the models and of the tokens (default: 1)')
    parser.add_argument('--devices', default='cpu', metavar='D,D', help='as the engine names them (default: cpu)')
    parser.add_argument('--batches', default='512,33,1', metavar='N,N', help='tokens at once (default: 512,33,1)')
    parser.add_argument('--tokens', type=int, default=200, metavar='N', help='length of the input (default: 200)')
    parser.add_argument('--tolerance', type=float, default=1e-3, help='in standard deviations (default: 1e-3)')
    parser.add_argument('--keep', metavar='FOLDER', help='where the models go, and stay')
    parser.add_argument('--models', metavar='FOLDER', help='compare those that are there')
    options = parser.parse_args()
    for name in ('seeds', 'batches'):
        setattr(options, name, [int(number) for number in getattr(options, name).split(',')])
    return options


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, (done.stderr or done.stdout).decode('utf-8', 'replace').strip()


def must(command):
    status, text = run(command)
    if status:
        sys.exit(f'{shlex.join(command)}: status {status}: {text[-500:]}')


def read(path):
    floats = array.array('f')
    with open(path, 'rb') as file:
        floats.frombytes(file.read())
    return floats


def worst(ours, reference, n_tokens):
    """The largest difference, in standard deviations of its position's logits, and its position."""
    if len(ours) != len(reference):
        return float('inf'), 0
    width, result = len(reference) // n_tokens, (0.0, 0)
    for position in range(n_tokens):
        row = slice(position * width, (position + 1) * width)
        deviation = statistics.pstdev(reference[row]) or 1e-30
        differences = [abs(a - b) for a, b in zip(ours[row], reference[row])]
        # a NaN is larger than everything
        largest = float('inf') if any(d != d for d in differences) else max(differences)
        result = max(result, (largest / deviation, position))
    return result


def opinions(options, model, tokens, scratch):
    """What to compare with, and how far the first reference is off the second, in words."""
    path, out = model.removesuffix('.gguf') + '.f32', os.path.join(scratch, 'reference.f32')
    command = [*shlex.split(options.reference), 'llama-logits', model, out, '--tokens', ','.join(map(str, tokens))]
    if not os.path.exists(path):
        must(command)
        return read(out), ''
    second = read(path)
    status, message = run(command)
    if status:
        return second, f' (llama.cpp: {message.splitlines()[0]})'
    difference, position = worst(read(out), second, len(tokens))
    return second, f' (llama.cpp: {difference:.2e} at {position})'


def compare(options, model, tokens, scratch):
    """Yields (device, batch, worst, position, remark), or (device, 0, message, 0, '') for what the engine refuses."""
    ours = os.path.join(scratch, 'ours.f32')
    text = ','.join(map(str, tokens))
    expected = None
    for device in options.devices.split(','):
        for batch in options.batches:
            status, message = run([options.engine, 'logits', model, '--tokens', text, '--out', ours, '--device', device,
                                   '--batch', str(batch)])
            if status:
                yield device, 0, message, 0, ''
                break
            if expected is None:
                expected, remark = opinions(options, model, tokens, scratch)
            yield (device, batch, *worst(read(ours), expected, len(tokens)), remark)


def models_of(options, seed, scratch):
    """The folder of a seed's models."""
    folder = options.models or os.path.join(options.keep or scratch, f'seed-{seed}')
    if not options.models:
        os.makedirs(folder, exist_ok=True)
        must([*shlex.split(options.reference), 'llama-archs', '-o', folder, '-s', str(seed)])
    return folder


def main():
    options = parse()
    failed = compared = 0
    refused = {}
    with tempfile.TemporaryDirectory(prefix='riposte-compare-') as scratch:
        for seed in options.seeds:
            folder = models_of(options, seed, scratch)
            chooser = random.Random(seed)
            tokens = [chooser.randrange(128) for _ in range(options.tokens)]
            for file in sorted(file for file in os.listdir(folder) if file.endswith('.gguf')):
                name = file.removesuffix('.gguf')
                if options.names and name not in options.names:
                    continue
                model = os.path.join(folder, file)
                for device, batch, difference, position, remark in compare(options, model, tokens, scratch):
                    if not batch:
                        refused[name] = difference
                        continue
                    wrong = not difference <= options.tolerance
                    compared, failed = compared + 1, failed + wrong
                    print(f'{"WRONG" if wrong else "ok":5} {name:24} seed {seed} {device:9} batch {batch:3}: '
                          f'{difference:.2e} at {position}{remark}', flush=True)
                if not options.keep and not options.models:
                    os.unlink(model)
    for name, message in refused.items():
        print(f'refused {name}: {message}')
    print(f'{compared} compared, {failed} wrong, {len(refused)} models refused')
    sys.exit(failed > 0 or not compared)


if __name__ == '__main__':
    main()
