#!/usr/bin/env python3
"""riposte-engine as a stranger tries it: wrong files, wrong options, no driver, full disks, closed pipes, Ctrl-C.

What goes wrong is one line on standard error and exit status 1 (2 for a wrong call, 130 when interrupted), and nothing
else. Usage: test-cli.py RIPOSTE-ENGINE [CASE…]
"""
import json
import os
import re
import resource
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
FOLDER = tempfile.TemporaryDirectory(prefix='riposte-cli-')
# what a crash, a failed assertion or a sanitizer leaves on standard error
CRASH = re.compile(r'CRITICAL|WARNING|assert|Sanitizer|runtime error|Segmentation|core dumped|Aborted')
SANITIZED = 'ASAN_OPTIONS' in os.environ
COMMANDS = {
    'inspect': [],
    'tokenize': [],
    'generate': ['--prompt', 'x', '-n', '2', '--device', 'cpu'],
    'logits': ['--tokens', '1,2', '--out', '/dev/null', '--device', 'cpu'],
    'bench': ['-p', '2', '-n', '1', '-r', '1', '--device', 'cpu'],
}


def path(*names):
    return os.path.join(FOLDER.name, *names)


def save(name, data):
    with open(path(name), 'wb') as file:
        file.write(data)
    return path(name)


def tiny():
    if not os.path.exists(path('tiny.gguf')):
        save('tiny.gguf', gguf.Model().bytes())
    return path('tiny.gguf')


def environment(**changes):
    return {**os.environ, 'LC_ALL': 'C.UTF-8', 'XDG_CACHE_HOME': path('cache'), **changes}


def run(*arguments, stdin=b'', stdout=subprocess.PIPE, timeout=60, before=None, user=None, **changes):
    """Returns (status, stdout, stderr); a crash fails the case, whatever is expected."""
    done = subprocess.run([ENGINE, *arguments], input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=timeout,
                          env=environment(**changes), preexec_fn=before, user=user)
    errors = done.stderr.decode('utf-8', 'replace')
    assert done.returncode >= 0, f'{arguments}: signal {-done.returncode}: {errors}'
    assert not CRASH.search(errors), f'{arguments}: {errors}'
    return done.returncode, done.stdout, errors


def expect_error(*arguments, status=1, output=b'', text='', **options):
    """One line on standard error, and nothing on standard output; returns the line."""
    got, out, errors = run(*arguments, **options)
    assert got == status, f'{arguments}: status {got}: {errors}'
    assert errors.startswith('riposte-engine') and errors.endswith('\n') and errors.count('\n') == 1, \
        f'{arguments}: not one line: {errors!r}'
    assert len(errors) < 1000, errors
    if output is not None:
        assert (out or b'') == output, f'{arguments}: on standard output: {out!r}'
    assert text in errors, f'{arguments}: “{text}” is not in: {errors}'
    return errors


def expect_output(*arguments, **options):
    status, out, errors = run(*arguments, **options)
    assert status == 0, f'{arguments}: status {status}: {errors}'
    return out


def expect_bad_model(model, text='', commands=COMMANDS, **options):
    for command in commands:
        # inspect may show what it could read of a file that cannot be run
        output = None if command == 'inspect' else b''
        expect_error(command, model, *COMMANDS[command], output=output, text=text, **options)


def changed(name, change):
    model = gguf.Model()
    change(model)
    return save(name, model.bytes())


# ---- files ----


@tap.case
def a_tiny_model_works():
    for command, options in COMMANDS.items():
        expect_output(command, tiny(), *options)


@tap.case
def a_missing_file():
    expect_bad_model(path('missing.gguf'), 'No such file')


@tap.case
def a_directory():
    expect_bad_model(FOLDER.name)


@tap.case
def a_device_and_a_pipe_are_no_models():
    fifo = path('fifo')
    os.mkfifo(fifo)
    for model in ('/dev/null', '/dev/zero', fifo):
        expect_bad_model(model, timeout=20)


@tap.case
def an_unreadable_file():
    if os.geteuid() != 0:
        os.chmod(save('secret.gguf', b'x'), 0)
        expect_bad_model(path('secret.gguf'), 'ermission denied')
        return
    os.chmod(FOLDER.name, 0o755)
    os.chmod(save('secret.gguf', b'x'), 0o600)
    try:
        expect_bad_model(path('secret.gguf'), 'ermission denied', user=65534)
    except PermissionError as error:
        raise tap.Skip('the program cannot be run by another user here') from error


@tap.case
def empty_and_foreign_files():
    for name, data in (('empty', b''), ('short', b'GGU'), ('magic', b'GGUF'), ('text', b'Hello, world\n' * 100),
                       ('zeros', bytes(4096)), ('zip', b'PK\x03\x04' + bytes(1000))):
        expect_bad_model(save(name + '.gguf', data))


@tap.case
def truncated_files():
    with open(tiny(), 'rb') as file:
        data = file.read()
    # in the header, in the keys, in the vocabulary, in the tensor list, in the data
    for length in (8, 23, 24, 60, 1000, 5000, 9000, len(data) // 2, len(data) - 33):
        expect_bad_model(save('truncated.gguf', data[:length]), commands=('inspect', 'generate'))


@tap.case
def lengths_that_lie():
    header = b'GGUF' + struct.pack('<I', 3)
    for counts in ((2 ** 63, 0), (0, 2 ** 63), (2 ** 32, 2 ** 32), (2 ** 64 - 1, 2 ** 64 - 1)):
        expect_bad_model(save('lie.gguf', header + struct.pack('<QQ', *counts) + bytes(200)),
                         commands=('inspect', 'generate'))
    key = header + struct.pack('<QQ', 0, 1) + struct.pack('<Q', 2 ** 64 - 8) + bytes(200)
    expect_bad_model(save('lie.gguf', key), commands=('inspect', 'generate'))


@tap.case
def unknown_versions_and_byte_orders():
    for version in (0, 1, 4, 2 ** 31, 0x03000000):
        expect_bad_model(changed('version.gguf', lambda model: setattr(model, 'version', version)),
                         commands=('inspect', 'generate'))


@tap.case
def what_is_supported_stands_in_the_docs():
    status, table, _ = run('inspect', '--support')
    docs = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'support.md')
    with open(docs, 'rb') as file:
        assert status == 0 and table == file.read(), 'they differ: riposte-engine inspect --support > docs/support.md'


@tap.case
def an_unknown_architecture_is_named():
    def change(model):
        model.keys = {key.replace('llama.', 'wombat.'): row for key, row in model.keys.items()}
        model.keys['general.architecture'] = (gguf.STRING, 'wombat')
    expect_bad_model(changed('wombat.gguf', change), 'wombat', ('inspect', 'generate', 'logits', 'bench'))

    def lines(model):
        model.keys['general.architecture'] = (gguf.STRING, 'wom\n\x1b[31mbat' * 100)
    expect_bad_model(changed('lines.gguf', lines), 'wom', ('inspect', 'generate', 'logits', 'bench'))


@tap.case
def an_unsupported_weight_type_is_told():
    def change(model):
        dims, _, data = model.tensors['output.weight']
        model.tensors['output.weight'] = (dims, 16, data)  # IQ2_XXS
    # 64 columns are no whole block of 256, which is as good a reason
    expect_bad_model(changed('iq.gguf', change), commands=('inspect', 'generate', 'logits', 'bench'))


@tap.case
def a_missing_tensor_is_named():
    def change(model):
        del model.tensors['blk.0.ffn_down.weight']
    expect_bad_model(changed('hole.gguf', change), 'ffn_down', ('generate', 'logits', 'bench'))


@tap.case
def a_tensor_of_another_shape_is_named():
    def change(model):
        dims, kind, data = model.tensors['blk.0.attn_q.weight']
        model.tensors['blk.0.attn_q.weight'] = (dims[::-1][:1] + [dims[0] // 2], kind, data)
    expect_bad_model(changed('shape.gguf', change), 'attn_q', ('generate', 'logits', 'bench'))


@tap.case
def hyperparameters_that_make_no_sense():
    for key, content in (('llama.block_count', 0), ('llama.block_count', 2 ** 31), ('llama.embedding_length', 0),
                         ('llama.embedding_length', 2 ** 32 - 1), ('llama.attention.head_count', 0),
                         ('llama.attention.head_count', 3), ('llama.attention.head_count_kv', 0),
                         ('llama.attention.head_count_kv', 3), ('llama.feed_forward_length', 2 ** 32 - 1),
                         ('llama.rope.dimension_count', 7), ('llama.rope.dimension_count', 2 ** 31),
                         ('llama.context_length', 0)):
        def change(model):
            model.keys[key] = (gguf.U32, content)
        try:
            expect_bad_model(changed('hyper.gguf', change), commands=('generate',))
        except AssertionError as error:
            raise AssertionError(f'{key} = {content}') from error


@tap.case
def a_key_of_another_type():
    for key in ('llama.block_count', 'general.architecture', 'llama.attention.layer_norm_rms_epsilon',
                'tokenizer.ggml.tokens', 'tokenizer.ggml.model'):
        def change(model):
            model.keys[key] = (gguf.BOOL, True)
        expect_bad_model(changed('type.gguf', change), commands=('generate',))


@tap.case
def a_vocabulary_that_does_not_fit():
    def shorter(model):
        model.keys['tokenizer.ggml.tokens'] = (gguf.ARRAY, (gguf.STRING, ['a', 'b']))

    def no_pre(model):
        model.keys['tokenizer.ggml.pre'] = (gguf.STRING, 'wombat')

    def no_kind(model):
        model.keys['tokenizer.ggml.model'] = (gguf.STRING, 'wombat')
    for change in (shorter, no_pre, no_kind):
        model = changed('vocabulary.gguf', change)
        expect_bad_model(model, commands=('generate',))


@tap.case
def a_model_without_a_vocabulary():
    model = save('bare.gguf', gguf.Model(vocabulary=False).bytes())
    expect_error('generate', model, '--prompt', 'x')
    expect_error('tokenize', model, text='vocabulary')
    expect_output('logits', model, '--tokens', '1,2', '--out', path('bare.bin'), '--device', 'cpu')
    assert os.path.getsize(path('bare.bin')) == 2 * 262 * 4


@tap.case
def a_chat_without_a_template_or_with_a_broken_one():
    for name, chat in (('none', None), ('broken', '{% for m in %}'), ('endless', '{% for i in range(10**9) %}x{% endfor %}'),
                       ('unknown', '{{ messages | wombat }}'), ('raising', "{{ raise_exception('no\nsuch\nrole') }}")):
        model = save('chat.gguf', gguf.Model(chat=chat).bytes())
        status, out, errors = run('generate', model, '--chat', '--prompt', 'x', '-n', '1', '--device', 'cpu')
        assert status == 0 and out and errors.splitlines()[0].endswith('asked in plain text'), (name, status, out, errors)


@tap.case
def an_answer_that_is_cut_short_says_why():
    limit, full = 'cut short: it reached the limit of its tokens', 'The context is full'
    for arguments, expected in ((['--chat', '-n', '1'], limit), (['-n', '1'], None),
                                (['--chat', '--ctx', '64', '--ignore-end'], full), (['--ctx', '64', '--ignore-end'], full)):
        status, out, errors = run('generate', tiny(), '--prompt', 'x', '--device', 'cpu', *arguments)
        assert status == 0 and out, (arguments, status, out, errors)
        assert [note for note in (limit, full) if note in errors] == [expected] * (expected is not None), errors


@tap.case
def names_that_are_no_utf8():
    name = os.fsencode(FOLDER.name) + b'/m\xff\xfe.gguf'
    shutil.copy(tiny(), name)
    expect_output('generate', name, '--prompt', 'x', '-n', '1', '--device', 'cpu')
    os.unlink(name)
    expect_error('generate', name, '--prompt', 'x', '-n', '1')


# ---- calls ----


@tap.case
def help_and_version():
    assert re.fullmatch(rb'riposte-engine \d+\.\d+\.\d+\n', expect_output('--version'))
    for arguments in (['--help'], *([command, '--help'] for command in [*COMMANDS, 'devices'])):
        status, out, errors = run(*arguments)
        assert status == 0 and out.startswith(b'Usage:') and not errors, (arguments, out, errors)


@tap.case
def wrong_calls():
    assert run()[0] == 2
    for arguments in (['wombat'], ['inspect'], ['inspect', 'a', 'b'], ['inspect', '--wombat', tiny()],
                      ['generate', tiny()], ['generate', '--prompt', 'x'],
                      ['generate', tiny(), '--prompt', 'x', '--prompt-file', 'y'],
                      ['generate', tiny(), '--prompt', 'x', '-n', '-1'],
                      ['generate', tiny(), '--prompt', 'x', '-n', 'many'],
                      ['generate', tiny(), '--prompt', 'x', '-n', '99999999999999999999'],
                      ['logits', tiny()], ['logits', tiny(), '--tokens', '1'], ['bench', tiny(), '-r', '0'],
                      ['bench', tiny(), '-p', '-1']):
        expect_error(*arguments, status=2)


@tap.case
def options_out_of_range():
    for options in (['--temp', 'nan'], ['--temp', '-1'], ['--temp', 'inf'], ['--top-p', '2'], ['--top-p', 'nan'],
                    ['--min-p', '-0.5'], ['--repeat-penalty', '0'], ['--repeat-penalty', '-1'], ['--top-k', '-1'],
                    ['--ctx', '-1'], ['--batch', '-5'], ['--threads', '-1'], ['--device', 'wombat'],
                    ['--device', 'vulkan:99'], ['--device', 'vulkan:-1'], ['--device', 'vulkan:x'],
                    ['--device', 'vulkan:99999999999999999999'], ['--device', '']):
        status, out, errors = run('generate', tiny(), '--prompt', 'x', '-n', '1', *options)
        assert status in (1, 2) and not out and errors.count('\n') == 1, (options, status, out, errors)


@tap.case
def numbers_that_are_too_large_for_this_machine():
    # more context than the model knows may be allowed, but not more than there is memory
    for options in (['--ctx', '2000000000'], ['--threads', '1000000'], ['--batch', '2000000000']):
        status, out, errors = run('generate', tiny(), '--prompt', 'x', '-n', '1', '--device', 'cpu', *options)
        assert status == 0 or (status == 1 and errors.count('\n') == 1 and not out), (options, status, errors)


@tap.case
def a_prompt_longer_than_the_context():
    for size in ('1', '4'):
        expect_error('generate', tiny(), '--prompt', 'abcdefghij' * 10, '--ctx', size, '--device', 'cpu')


@tap.case
def tokens_that_do_not_exist():
    for tokens in ('262', '-1', '99999999999', '1,x', '', ',', '1;;2.5', '1 2\n3\nwombat\n4'):
        status, _, errors = run('logits', tiny(), '--tokens', tokens, '--out', path('none.bin'), '--device', 'cpu')
        assert status in (1, 2) and errors.count('\n') == 1, (tokens, status, errors)
        assert not os.path.exists(path('none.bin'))


@tap.case
def prompts_of_every_kind():
    expect_error('generate', tiny(), '--prompt', '', '-n', '1', '--device', 'cpu', text='empty')
    for prompt in (' ', '-n', '--help', 'x' * 400, '\n\n', '\u2603\U0001f600', '<|end|>', '%s%n'):
        expect_output('generate', tiny(), '--prompt', prompt, '-n', '1', '--device', 'cpu')
    expect_output('generate', tiny(), '--prompt-file', save('bytes', bytes(range(256))), '-n', '1', '--device', 'cpu')
    expect_output('generate', tiny(), '--prompt-file', '-', '-n', '1', '--device', 'cpu', stdin=b'a\0b')


@tap.case
def a_prompt_beyond_ascii_in_the_c_locale():
    expect_output('generate', tiny(), '--prompt', 'für ☃', '-n', '1', '--device', 'cpu', LC_ALL='C')
    expect_output('generate', tiny(), '--chat', '--system', 'für ☃', '--prompt', '☃', '-n', '1', '--device', 'cpu',
                  LC_ALL='C')
    expect_output('generate', tiny(), '--chat', '--prompt', b'\xff\xfe', '-n', '1', '--device', 'cpu')


@tap.case
def a_prompt_file_that_cannot_be_read():
    for name in (path('missing'), FOLDER.name):
        expect_error('generate', tiny(), '--prompt-file', name, '-n', '1', '--device', 'cpu')


@tap.case
def tokens_there_and_back():
    for text in (b'', b'\n', b'int main (void) { return 0; }\n', 'ä☃'.encode(), b'\xff\xfe\0x', b' the the'):
        ids = expect_output('tokenize', tiny(), stdin=text)
        assert ids.count(b'\n') == 1 and ids.endswith(b'\n'), ids
        back = expect_output('tokenize', tiny(), '--detokenize', stdin=ids)
        assert back == text, (text, ids, back)


@tap.case
def tokens_in_json():
    lines = [b'"a\\n\\u2603"', b'""', b'" the"', b'"\\ud83d\\ude00"']
    out = expect_output('tokenize', tiny(), '--json', stdin=b'\n'.join(lines) + b'\n')
    ids = [json.loads(line) for line in out.splitlines()]
    assert len(ids) == len(lines) and ids[1] == [], ids
    back = expect_output('tokenize', tiny(), '--json', '--detokenize', stdin=out)
    assert [json.loads(line) for line in back.splitlines()] == [json.loads(line) for line in lines], back
    for wrong in (b'"open', b'nothing', b'"a" "b"', b'"\\x"', b'[1]'):
        expect_error('tokenize', tiny(), '--json', stdin=wrong + b'\n')


@tap.case
def ids_that_are_none():
    for ids in (b'1 2 wombat', b'wombat\n1\n2', b'262', b'-1', b'99999999999999999999'):
        status, _, errors = run('tokenize', tiny(), '--detokenize', stdin=ids)
        assert status == 1 and errors.count('\n') == 1, (ids, status, errors)


@tap.case
def json_is_json():
    assert json.loads(expect_output('inspect', tiny(), '--json'))['metadata']['general.name'] == 'tiny "model"\n\u2603'
    devices = json.loads(expect_output('devices', '--json'))
    assert [device for device in devices if device['id'] == 'cpu']
    bench = json.loads(expect_output('bench', tiny(), '-p', '3', '-n', '2', '-d', '5', '-r', '2', '--json', '--device',
                                     'cpu'))
    assert len(bench['prefill_tps']) == len(bench['decode_tps']) == 2, bench
    assert bench.keys() == {'model', 'device', 'n_prefill', 'n_decode', 'depth', 'prefill_tps', 'decode_tps', 'load_s',
                            'peak_rss_bytes'}, bench
    for locale in ('de_DE.UTF-8', 'C'):
        json.loads(expect_output('bench', tiny(), '-p', '3', '-n', '2', '-r', '1', '--json', '--device', 'cpu',
                                 LC_ALL=locale))


@tap.case
def the_same_seed_gives_the_same_answer():
    arguments = ['generate', tiny(), '--prompt', 'x', '-n', '20', '--temp', '1', '--ids', '--device', 'cpu', '--seed']
    first = expect_output(*arguments, '7')
    assert first == expect_output(*arguments, '7') and len(first.split()) <= 20
    assert first != expect_output(*arguments, '8')


# ---- surroundings ----

NO_VULKAN = {'VK_ICD_FILENAMES': '/dev/null', 'VK_DRIVER_FILES': '/dev/null'}


@tap.case
def without_a_vulkan_driver_the_cpu_works():
    assert b'cpu' in expect_output('devices', **NO_VULKAN)
    expect_output('generate', tiny(), '--prompt', 'x', '-n', '2', **NO_VULKAN)
    for device in ('vulkan', 'vulkan:0'):
        expect_error('generate', tiny(), '--prompt', 'x', '--device', device, text='ulkan', **NO_VULKAN)


@tap.case
def without_a_home_it_works():
    def no_cache(cache):
        return {'XDG_CACHE_HOME': cache, 'HOME': cache}
    save('file', b'')
    for cache in ('/nonexistent', '/dev/null', path('file')):
        expect_output('generate', tiny(), '--prompt', 'x', '-n', '1', **no_cache(cache))


@tap.case
def a_full_disk():
    expect_error('logits', tiny(), '--tokens', '1,2', '--out', '/dev/full', '--device', 'cpu', text='No space left')
    for arguments in (['--version'], ['--help'], ['devices'],
                      *([command, tiny(), *options] for command, options in COMMANDS.items() if command != 'logits')):
        with open('/dev/full', 'wb') as full:
            status, _, errors = run(*arguments, stdout=full)
        assert status == 1 and 'No space left' in errors, (arguments, status, errors)


@tap.case
def a_file_that_cannot_be_written():
    for name in (path('missing', 'x'), FOLDER.name, tiny() + '/x', ''):
        expect_error('logits', tiny(), '--tokens', '1,2', '--out', name, '--device', 'cpu')


@tap.case
def a_reader_that_leaves():
    """As in `riposte-engine … | head -c 1`: the writer ends, soon, and says nothing odd."""
    for arguments in (['generate', tiny(), '--prompt', 'x', '-n', '400', '--ignore-end', '--device', 'cpu'],
                      ['inspect', tiny(), '--json']):
        process = subprocess.Popen([ENGINE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, env=environment())
        process.stdout.read(1)
        process.stdout.close()
        errors = process.stderr.read().decode()
        status = process.wait(timeout=30)
        assert status in (0, 1, -signal.SIGPIPE, 128 + signal.SIGPIPE) and not CRASH.search(errors), (status, errors)


@tap.case
def closed_standard_files():
    for closed in ([0], [1], [0, 1], [2], [0, 1, 2]):
        def close():
            for number in closed:
                os.close(number)
        for command, options in COMMANDS.items():
            process = subprocess.Popen([ENGINE, command, tiny(), *options], stdin=subprocess.DEVNULL, env=environment(),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=close)
            assert process.wait(timeout=60) in (0, 1), (closed, command, process.returncode)
    with open(tiny(), 'rb') as file:
        assert file.read() == gguf.Model().bytes(), 'the model was written to'


def slow_model():
    """Large enough that a few thousand tokens take long."""
    if not os.path.exists(path('slow.gguf')):
        model = gguf.Model(n_embd=256, n_heads=4, n_ff=512, n_layers=2)
        model.keys['llama.context_length'] = (gguf.U32, 100_000)
        save('slow.gguf', model.bytes())
    return path('slow.gguf')


@tap.case
def an_interruption_ends_it_soon():
    many = ','.join(str(number % 256) for number in range(20_000))
    for arguments in (['generate', slow_model(), '--prompt', 'x', '--ignore-end', '-n', '90000'],
                      ['logits', slow_model(), '--tokens', many, '--out', path('interrupted.bin')],
                      ['bench', slow_model(), '-p', '20000', '-r', '1000']):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([ENGINE, *arguments, '--device', 'cpu'], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
            if arguments[0] == 'generate':
                process.stdout.read(1)
            else:
                time.sleep(2 if SANITIZED else 1)
            assert process.poll() is None, (arguments[0], process.communicate())
            begin = time.monotonic()
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            took = time.monotonic() - begin
            assert not CRASH.search(errors.decode()), errors
            assert process.returncode in (130, 128 + number, -number), (arguments[0], process.returncode, errors)
            assert took < (15 if SANITIZED else 5), f'{arguments[0]} went on for {took:.1f} s'
    assert not os.path.exists(path('interrupted.bin')), 'half a file is left'


@tap.case
def little_memory():
    """What a machine without enough memory shows: the address space ends."""
    if SANITIZED:
        raise tap.Skip('the sanitizers need the address space')
    huge = gguf.Model()
    huge.keys['llama.context_length'] = (gguf.U32, 2_000_000_000)
    model = save('huge.gguf', huge.bytes())
    limit = 2 << 30

    def before():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    options = ['--prompt', 'x', '-n', '1', '--device', 'cpu']
    # 256 bytes a token of context
    expect_error('generate', model, *options, '--ctx', '60000000', text='emory', before=before)
    expect_output('generate', model, *options, before=before)


@tap.case
def without_any_network_every_command_works():
    """In a namespace that has no interface but a loopback that is down; nor is one asked for."""
    alone = ['unshare', '--user', '--map-root-user', '--net']
    if not shutil.which('unshare') or subprocess.run([*alone, 'true'], stderr=subprocess.DEVNULL).returncode:
        raise tap.Skip('no network namespace may be made here')
    for command, options in COMMANDS.items():
        done = subprocess.run([*alone, ENGINE, command, tiny(), *options], input=b'x', capture_output=True, timeout=60,
                              env=environment())
        assert done.returncode == 0, (command, done.stderr)


if __name__ == '__main__':
    tap.main()
