#!/usr/bin/env python3
"""The commands quantize and perplexity, from outside. Usage: test-quantize.py RIPOSTE-ENGINE [CASE…]"""
import json
import math
import os
import pty
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gguf  # noqa: E402
import tap  # noqa: E402

ENGINE = os.path.abspath(sys.argv.pop(1))
FOLDER = tempfile.TemporaryDirectory(prefix='riposte-quantize-')
TYPES = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'Q4_0', 'MXFP4']
CPU = ['--device', 'cpu']


def path(*names):
    return os.path.join(FOLDER.name, *names)


def run(*arguments, status=0, text=''):
    done = subprocess.run([ENGINE, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8', 'XDG_CACHE_HOME': path('cache')})
    errors = done.stderr.decode('utf-8', 'replace')
    assert done.returncode == status, f'{arguments}: status {done.returncode}: {errors}'
    assert text in errors, f'{arguments}: “{text}” is not in: {errors}'
    if status in (1, 2):
        assert errors.count('\n') == 1 and not done.stdout, f'{arguments}: {errors!r}'
    return done.stdout


def model():
    if not os.path.exists(path('model.gguf')):
        with open(path('model.gguf'), 'wb') as file:
            file.write(gguf.Model(n_embd=256, n_heads=4, n_ff=512, n_layers=2).bytes())
    return path('model.gguf')


def text(n=200):
    letters = random.Random(n)
    with open(path('text'), 'w') as file:
        file.write(''.join(letters.choice('abcdefgh ') for _ in range(n)))
    return path('text')


def left():
    return sorted(os.listdir(FOLDER.name))


def tokens_of_text():
    with open(path('text'), 'rb') as file:
        done = subprocess.run([ENGINE, 'tokenize', model()], stdin=file, capture_output=True, check=True)
    return [int(token) for token in done.stdout.split()]


def logits(name, tokens):
    """Writes the logits of the model and returns the file's path."""
    run('logits', model(), '--tokens', ','.join(map(str, tokens)), '--out', path(name), *CPU)
    return path(name)


def report(*arguments):
    return json.loads(run('perplexity', *arguments, '--json', *CPU))


@tap.case
def every_type_is_written_and_runs():
    text()
    reference = logits('reference', tokens_of_text()[:150])
    sizes = []
    for name in TYPES:
        out = path(name + '.gguf')
        said = run('quantize', model(), out, name.lower()).decode()
        assert name in said and '16 of 21 tensors' in said, said
        sizes.append(os.path.getsize(out))
        got = report(out, path('text'), '--reference', reference)
        assert got['n_compared'] == 150
        assert 0 < got['kl_mean'] < {'Q8_0': 1e-3, 'MXFP4': 1e-3, 'Q6_K': 1e-2}.get(name, 0.2), (name, got)
        assert got['kl_mean'] <= got['kl_p99'] <= got['kl_max'], got
        assert got['top1'] > 0.5, got
    assert sizes[:5] == sorted(sizes[:5], reverse=True), sizes


@tap.case
def quantizing_again_is_told():
    run('quantize', model(), path('once.gguf'), 'Q8_0')
    run('quantize', path('once.gguf'), path('twice.gguf'), 'Q4_0', text='quantized before')


@tap.case
def quantized_weights_can_be_written_as_numbers():
    text()
    run('quantize', model(), path('small.gguf'), 'Q4_0')
    said = run('quantize', path('small.gguf'), path('exact.gguf'), 'F32').decode()
    assert '16 of 21 tensors' in said and os.path.getsize(path('exact.gguf')) > 4 * os.path.getsize(path('small.gguf'))
    tokens = ','.join(map(str, tokens_of_text()[:150]))
    run('logits', path('exact.gguf'), '--tokens', tokens, '--out', path('exact'), *CPU)
    got = report(path('small.gguf'), path('text'), '--reference', path('exact'))
    assert got['kl_mean'] < 1e-3, got
    again = report(path('exact.gguf'), path('text'), '--reference', path('exact'))
    assert abs(again['kl_max']) < 1e-9 and again['top1'] == 1, again


@tap.case
def wrong_calls():
    before = left()
    run('quantize', model(), path('x.gguf'), 'Q9_Z', status=2, text='Q4_K_M')
    run('quantize', model(), path('x.gguf'), status=2)
    run('quantize', model(), path('x.gguf'), 'Q8_0', '--threads', '-1', status=2)
    run('quantize', path('missing.gguf'), path('x.gguf'), 'Q8_0', status=1, text='No such file')
    run('quantize', '/dev/null', path('x.gguf'), 'Q8_0', status=1)
    run('quantize', model(), path('no', 'x.gguf'), 'Q8_0', status=1, text='No such file')
    run('quantize', model(), FOLDER.name, 'Q8_0', status=1, text='directory')
    assert left() == before, left()
    for command in ('quantize', 'perplexity'):
        assert b'Usage' in run(command, '--help')


@tap.case
def a_full_disk_leaves_nothing():
    if os.geteuid() != 0 or not shutil.which('unshare'):
        raise tap.Skip('only root may mount a small disk')
    script = ('mount -t tmpfs -o size=512k none "$1" || exit 77; "$2" quantize "$3" "$1/out.gguf" Q8_0; status=$?; '
              'ls -A "$1"; exit $status')
    os.makedirs(path('small'), exist_ok=True)
    done = subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', path('small'), ENGINE, model()],
                          capture_output=True, timeout=60)
    os.rmdir(path('small'))
    if done.returncode == 77 or b'unshare' in done.stderr:
        raise tap.Skip('no small disk can be mounted here')
    assert done.returncode == 1 and b'No space left' in done.stderr and not done.stdout, done


@tap.case
def an_interruption_leaves_nothing():
    large = gguf.Model(n_embd=256)
    large.tensors['output.weight'] = ([256, large.n_vocab * 400], 0, large.tensors['output.weight'][2] * 400)
    with open(path('large.gguf'), 'wb') as file:
        file.write(large.bytes())
    before = left()
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([ENGINE, 'quantize', path('large.gguf'), path('cut.gguf'), 'Q5_K_M', '-t', '1'],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while len(left()) == len(before) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130 and not errors, (process.returncode, errors)
        assert left() == before, left()
    os.unlink(path('large.gguf'))


@tap.case
def a_terminal_sees_a_bar():
    text()
    for arguments in (['quantize', model(), path('bar.gguf'), 'Q8_0'], ['perplexity', model(), path('text'), *CPU]):
        master, slave = pty.openpty()
        process = subprocess.Popen([ENGINE, *arguments], stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        process.communicate(timeout=60)
        seen = b''
        try:
            while chunk := os.read(master, 65536):
                seen += chunk
        except OSError:
            pass
        os.close(master)
        assert process.returncode == 0 and b'#####' in seen and b'100.0 %' in seen, (arguments, seen)


def softmax(row):
    largest = max(row)
    terms = [math.exp(x - largest) for x in row]
    total = sum(terms)
    return [t / total for t in terms]


@tap.case
def the_figures_are_what_they_are_called():
    """Against sums made here, from the logits that the engine writes and others."""
    n = 90
    text(300)
    n_vocab = gguf.Model().n_vocab
    tokens = tokens_of_text()
    with open(logits('own', tokens[:n]), 'rb') as file:
        own = [struct.unpack(f'<{n_vocab}f', file.read(4 * n_vocab)) for _ in range(n)]
    noise = random.Random(1)
    other = [[x + noise.gauss(0, 0.3) for x in row] for row in own]
    with open(path('other'), 'wb') as file:
        for row in other:
            file.write(struct.pack(f'<{n_vocab}f', *row))
    loss = other_loss = same = 0
    divergences = []
    for i in range(n):
        q, p = softmax(own[i]), softmax(other[i])
        divergences.append(sum(a * (math.log(a) - math.log(b)) for a, b in zip(p, q)))
        same += p.index(max(p)) == q.index(max(q))
        if i + 1 < n:
            loss -= math.log(q[tokens[i + 1]]) / (n - 1)
            other_loss -= math.log(p[tokens[i + 1]]) / (n - 1)
    divergences.sort()
    got = report(model(), path('text'), '--reference', path('other'))
    for key, should in (('perplexity', math.exp(loss)), ('reference_perplexity', math.exp(other_loss)),
                        ('kl_mean', sum(divergences) / n), ('kl_p99', divergences[math.ceil(0.99 * n) - 1]),
                        ('kl_max', divergences[-1]), ('top1', same / n)):
        assert abs(got[key] - should) <= 2e-3 * abs(should), (key, got[key], should)
    assert got['n_scored'] == n - 1 and got['n_compared'] == n

    # chunks: the second half of each, every chunk by itself
    chunk = 32
    loss = count = 0
    for at in range(0, len(tokens) - chunk + 1, chunk):
        part = tokens[at:at + chunk]
        with open(logits('part', part), 'rb') as file:
            rows = [struct.unpack(f'<{n_vocab}f', file.read(4 * n_vocab)) for _ in range(chunk)]
        for i in range(chunk // 2, chunk - 1):
            loss -= math.log(softmax(rows[i])[part[i + 1]])
            count += 1
    got = report(model(), path('text'), '--ctx', str(chunk))
    assert got['n_scored'] == count and abs(got['perplexity'] - math.exp(loss / count)) < 1e-3 * got['perplexity'], got


@tap.case
def references_that_do_not_fit():
    text()
    with open(path('odd'), 'wb') as file:
        file.write(bytes(1001))
    with open(path('nan'), 'wb') as file:
        file.write(b'\xff' * 4 * gguf.Model().n_vocab)
    with open(path('long'), 'wb') as file:
        file.write(bytes(4 * gguf.Model().n_vocab * 5000))
    with open(path('empty'), 'wb'):
        pass
    for name, why in (('odd', 'no logits'), ('nan', 'no logits'), ('long', 'another text'), ('empty', 'no logits'),
                      ('missing', 'No such file')):
        run('perplexity', model(), path('text'), '--reference', path(name), *CPU, status=1, text=why)
    run('perplexity', model(), path('empty'), *CPU, status=1, text='two tokens')
    run('perplexity', model(), path('missing'), *CPU, status=1, text='No such file')


@tap.case
def keys_and_values_in_fewer_bits():
    text()
    reference = logits('reference', tokens_of_text()[:100])
    errors = [report(model(), path('text'), '--reference', reference, '--kv', kv)['kl_mean']
              for kv in ('f32', 'f16', 'q8_0', 'q4_0')]
    assert errors[0] < 1e-9 and errors == sorted(errors) and 0 < errors[2] < 1e-3 and errors[3] < 0.05, errors
    for command, options in (('generate', ['--prompt', 'a', '-n', '3']), ('bench', ['-p', '8', '-n', '2', '-r', '1'])):
        run(command, model(), *options, '--kv', 'q8_0', *CPU)
        run(command, model(), *options, '--kv', 'q5_9', *CPU, status=2, text='q8_0')


if __name__ == '__main__':
    tap.main()
