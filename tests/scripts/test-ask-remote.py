#!/usr/bin/env python3
"""riposte-ask-remote against a service of this machine that fails in every way.

test-ask-remote.py PROGRAM SCHEMAS: the program, and the folder with the compiled settings schema."""
import os
import pty
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from service import ANSWER, Service, other_name  # noqa: E402

PROGRAM, SCHEMAS = map(os.path.abspath, sys.argv[1:3])
del sys.argv[1:3]
KEY = 'sk-canary-5f1c0d9e2b7a'
FIRST_WORDS = 'def reverse(s):\n '


def allow_cores():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


class Home:
    """A home of its own, and what was left in it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='riposte ask ')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def environment(self, **more):
        path = self.folder.name
        environment = {'PATH': '/usr/bin:/bin', 'HOME': path, 'XDG_RUNTIME_DIR': path, 'XDG_CONFIG_HOME': path + '/config',
                       'XDG_STATE_HOME': path + '/state', 'XDG_DATA_HOME': path + '/data', 'LC_ALL': 'C.UTF-8',
                       'GSETTINGS_BACKEND': 'keyfile', 'GSETTINGS_SCHEMA_DIR': SCHEMAS, **more}
        for name in ('ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS', 'LD_PRELOAD', 'DBUS_SESSION_BUS_ADDRESS'):
            if name in os.environ and name not in environment and name != 'DBUS_SESSION_BUS_ADDRESS':
                environment[name] = os.environ[name]
        return {name: value for name, value in environment.items() if value is not None}

    def command(self, url, *options):
        return [PROGRAM, '--remote', url, '--remote-model', 'some-model', *options]

    def start(self, url, *options, question=b'How?', stdout=subprocess.PIPE, user=None, **environment):
        process = subprocess.Popen(self.command(url, *options), env=self.environment(**environment), cwd=self.folder.name,
                                   stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE, user=user,
                                   preexec_fn=allow_cores)
        try:
            process.stdin.write(question)
            process.stdin.close()
        except BrokenPipeError:  # it refuses before it reads
            pass
        process.stdin = None
        return process

    def ask(self, url, *options, **more):
        """Returns (status, stdout, stderr)."""
        more.setdefault('RIPOSTE_API_KEY', KEY)
        process = self.start(url, *options, **more)
        out, errors = process.communicate(timeout=100)
        assert KEY not in errors.decode(), errors
        return process.returncode, out.decode(), errors.decode()

    def switch_off(self):
        folder = os.path.join(self.folder.name, 'config', 'glib-2.0', 'settings')
        os.makedirs(folder)
        with open(os.path.join(folder, 'keyfile'), 'w', encoding='utf-8') as file:
            file.write('[dev/riposte/Riposte]\nnetwork=false\n')

    def log(self):
        try:
            with open(os.path.join(self.folder.name, 'state', 'riposte', 'requests.log'), encoding='utf-8') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def contents(self):
        """All bytes of all files."""
        found = b''
        for at, _, files in os.walk(self.folder.name):
            for name in files:
                path = os.path.join(at, name)
                if os.path.isfile(path):
                    with open(path, 'rb') as file:
                        found += path.encode() + file.read()
        return found


def answers(*names):
    for name in names:
        with Service() as service, Home() as home:
            status, out, errors = home.ask(service.url(name))
            assert (status, out, errors) == (0, ANSWER, ''), (name, status, out, errors)


def fails(name, *fragments, out='', requests=1, options=()):
    with Service() as service, Home() as home:
        status, answer, errors = home.ask(service.url(name), *options)
        assert status == 1 and answer == out, (name, status, answer, errors)
        assert all(fragment in errors for fragment in fragments), (name, errors)
        assert errors.count('\n') == 1 and errors.startswith('riposte: '), errors
        assert '\x1b' not in errors
        assert len(service.requests) == requests, (name, service.requests)


@tap.case
def a_good_answer_is_all_of_standard_output():
    answers('good', 'identity', 'no-type', 'not-streamed', 'usage')


@tap.case
def what_comes_says_what_it_is_whatever_its_type_says():
    answers('typed-json', 'typed-text', 'whole-typed-stream')
    fails('error-200-typed-stream', 'No credits are left')


@tap.case
def the_stream_may_come_in_any_pieces_and_with_any_line_ends():
    answers('bytes', 'cr', 'halves')
    with Service() as service, Home() as home:
        assert home.ask(service.url('many-lines'))[:2] == (0, 'together\n')
        assert home.ask(service.url('odd-events')) == (0, 'a\ufffdb\n', '')
        assert home.ask(service.url('last-line-open')) == (0, 'whole\n', '')


@tap.case
def an_answer_that_said_its_end_needs_no_more():
    answers('without-done', 'done-without-end')


@tap.case
def older_and_odder_ways_to_answer_are_understood():
    answers('gzip', 'http10')
    with Service() as service, Home() as home:  # what says that it is still there is not silent
        assert home.ask(service.url('pings'), '--timeout', '1') == (0, ANSWER, '')


@tap.case
def an_error_is_one_whatever_the_status_says():
    fails('error-200', 'No credits are left')
    fails('message-200', 'The model is asleep')
    fails('error-event', 'Out of memory', out=FIRST_WORDS)
    fails('error-reason', 'reports an error', out=FIRST_WORDS)
    fails('error-field', 'The context is full', out=FIRST_WORDS)
    fails('error-choice', 'Upstream died', out=FIRST_WORDS)


@tap.case
def each_failure_says_what_to_do():
    for name, what in (('401', 'another key'), ('403', 'Ask there'), ('404', '/v1'), ('429-plain', 'in a while'),
                       ('503', 'It asks to wait'), ('500', 'Try again'), ('silent', 'longer'), ('cut-before', 'online'), ('cut', 'Try again'),
                       ('html', 'Is its address right?'), ('away', 'change the address')):
        with Service() as service, Home() as home:
            service.elsewhere = service.root('localhost')
            errors = home.ask(service.url(name), '--timeout', '1')[2]
            assert what in errors and '..' not in errors, (name, errors)


@tap.case
def addresses_are_taken_as_people_write_them():
    with Service() as service, Home() as home:
        for end in ('/', '//', '/chat/completions', '/chat/completions/'):
            assert home.ask(service.url('good') + end)[:2] == (0, ANSWER), end
        assert {request['path'] for request in service.requests} == {'/good/v1/chat/completions'}
        assert 'which ends with /v1' in home.ask(service.root() + '/404')[2]
        assert 'before any ?' in home.ask(service.url('good') + '?key=1')[2]


@tap.case
def an_address_of_ipv6_is_one():
    try:
        service = Service(None, '[::1]', '::1')
    except OSError as error:
        raise tap.Skip('this machine has no IPv6') from error
    with service, Home() as home:
        assert home.ask(service.url('good'))[:2] == (0, ANSWER)
        assert service.requests[0]['headers']['Host'] == service.root().removeprefix('http://')


@tap.case
def the_name_of_a_model_may_be_long_and_odd():
    with Service() as service, Home() as home:
        for name in ('x' * 100_000, '-', 'a b/c:d@e', 'ünï 漢 "\\"', '--remote'):
            done = home.ask(service.url('good'), f'--remote-model={name}')
            assert done[:2] == (0, ANSWER), (name[:20], done)
            assert service.requests[-1]['question']['model'] == name
        for text in ('say \ud83d'.encode('utf-8', 'surrogatepass'), b'\xff\xfe'):
            assert home.ask(service.url('good'), question=text)[0] == 0  # what is no UTF-8 is sent as what it is not


@tap.case
def reasoning_is_no_answer():
    answers('reasoning')
    fails('only-reasoning', 'without an answer')


@tap.case
def what_has_another_shape_is_passed_over():
    answers('wrong-shapes')


@tap.case
def the_request_is_what_a_service_expects():
    with Service() as service, Home() as home:
        question = 'Größe? "\\\n\t漢字 🎉'
        assert home.ask(service.url('echo'), question=question.encode())[:2] == (0, question + '\n')
        assert home.ask(service.url('echo') + '/', '--temp', '0.5', '--top-p', '0.9', '--seed', '7', '-n', '33')[0] == 0
        assert home.ask(service.url('echo') + '/chat/completions', '--system', 'Be brief', RIPOSTE_API_KEY=None)[0] == 0
        plain, full, system = service.requests
        assert all(request['path'] == '/echo/v1/chat/completions' for request in service.requests)
        assert plain['question'] == {'model': 'some-model', 'messages': [{'role': 'user', 'content': question}],
                                     'stream': True}, plain
        assert plain['headers']['Authorization'] == 'Bearer ' + KEY and plain['headers']['Content-Type'] == 'application/json'
        rest = {name: full['question'][name] for name in ('temperature', 'top_p', 'seed', 'max_tokens')}
        assert rest == {'temperature': 0.5, 'top_p': 0.9, 'seed': 7, 'max_tokens': 33}, full
        assert system['question']['messages'][0] == {'role': 'system', 'content': 'Be brief'}
        assert 'Authorization' not in system['headers'] and 'Cookie' not in system['headers']


@tap.case
def a_large_question_arrives_whole():
    with Service() as service, Home() as home:
        question = 'x' * 3_000_000
        assert home.ask(service.url('echo'), question=question.encode())[:2] == (0, question + '\n')


@tap.case
def numbers_are_written_alike_in_every_language():
    locales = subprocess.run(['locale', '-a'], capture_output=True, text=True, check=True).stdout
    german = next((name for name in locales.split() if name.startswith('de_')), None)
    if not german:
        raise tap.Skip('no German locale')
    with Service() as service, Home() as home:
        assert home.ask(service.url('good'), '--temp', '0.5', LC_ALL=german)[0] == 0
        assert service.requests[0]['question']['temperature'] == 0.5


@tap.case
def words_are_written_as_they_come():
    with Service() as service, Home() as home:
        process = home.start(service.url('stalled'))
        seen = b''
        end = time.monotonic() + 60
        while len(seen) < len(FIRST_WORDS) and time.monotonic() < end:
            assert select.select([process.stdout], [], [], 60)[0], seen
            seen += os.read(process.stdout.fileno(), 1000)
        assert seen.decode() == FIRST_WORDS and process.poll() is None
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        assert (process.returncode, out, errors) == (130, b'', b''), (process.returncode, out, errors)


@tap.case
def parameters_that_are_refused_by_name_are_left_out():
    with Service() as service, Home() as home:
        status, out, errors = home.ask(service.url('picky'), '--temp', '0.5', '-n', '9')
        assert (status, out) == (0, ANSWER), errors
        last = service.requests[-1]['question']
        assert 'temperature' not in last and last['max_completion_tokens'] == 9 and 'max_tokens' not in last, last
        assert len(service.requests) == 3


@tap.case
def a_limit_of_tokens_is_no_failure_but_told():
    with Service() as service, Home() as home:
        status, out, errors = home.ask(service.url('length'))
        assert status == 0 and out == 'cut sho\n' and 'cut short: it reached the limit' in errors, errors


@tap.case
def a_stream_that_breaks_keeps_what_came():
    fails('cut', 'before the answer was complete', out=FIRST_WORDS)
    fails('cut-quietly', 'before the answer was complete', out=FIRST_WORDS)
    fails('filtered', 'withholds', out='as far as ')
    fails('error-in-stream', 'reports an error: the model fell over, key …', out=FIRST_WORDS)


@tap.case
def no_answer_at_all_is_a_failure():
    fails('empty', 'without an answer')
    fails('nothing', 'without an answer')
    fails('no-body', 'without an answer')
    fails('cut-before', 'no connection to 127.0.0.1')


@tap.case
def nonsense_is_refused():
    fails('bad-json', 'makes no sense', out=FIRST_WORDS)
    fails('deep-json', 'makes no sense', out=FIRST_WORDS)
    fails('huge-line', 'more at once', out='before ')
    fails('html', 'text/html', 'address')


@tap.case
def statuses_are_told_apart():
    fails('401', 'does not accept the key (401)', 'Incorrect API key provided: …')
    fails('403', '(403)', 'Your country is not served')
    fails('404', '(404)', 'The model `some-model` does not exist')
    fails('400', '(400)', 'This is not right')
    fails('500', '(500)', 'it broke')
    fails('502-html', '(502)')
    fails('503', '(503)', 'Overloaded', 'wait 3 seconds')
    fails('422', '(422)', 'Field required')
    fails('422-long', '(422)', 'Field required')
    fails('400-text', '(400)', 'The model is loading')
    for status in (300, 304, 307, 400, 401, 403, 404, 413, 429, 500, 503, 599):
        fails(f'bare/{status}', f'({status})')
    with Service() as service, Home() as home:
        assert 'asks for a key (401)' in home.ask(service.url('401'), RIPOSTE_API_KEY=None)[2]


@tap.case
def too_many_requests_say_how_long_to_wait():
    fails('429', '(429)', 'Rate limit reached', 'wait 17 seconds')
    fails('429-date', '(429)', 'wait 60 minutes')
    fails('429-plain', '(429)')


@tap.case
def redirects_elsewhere_are_refused_and_get_nothing():
    with Service() as other, Service() as service, Home() as home:
        service.elsewhere = other.root()
        status, out, errors = home.ask(service.url('away'))
        assert status == 1 and out == '' and other.root() in errors and 'nothing was sent there' in errors, errors
        assert other.requests == [] and len(service.requests) == 1
        # the same machine by another name is another host
        service.elsewhere = service.root('localhost')
        assert home.ask(service.url('away'))[0] == 1
        assert len(service.requests) == 2
    fails('away-scheme', 'redirects to another place')
    fails('loop', 'without end', requests=6)


@tap.case
def redirects_within_the_service_are_followed():
    with Service() as service, Home() as home:
        status, out, errors = home.ask(service.url('moved'))
        assert (status, out, errors) == (0, ANSWER, ''), errors
        assert [request['method'] for request in service.requests] == ['POST', 'POST']
        assert service.requests[1]['question'] == service.requests[0]['question']


@tap.case
def waiting_comes_to_an_end():
    silence = 'Nothing came from'
    cases = {'silent': (1, '', silence), 'stalled': (1, FIRST_WORDS, silence), 'pings-for-ever': (1, 'first ', silence),
             '500-open': (1, '', '(500)'), 'open-after-end': (0, ANSWER, ''),
             'slow': (0, ANSWER, '')}  # it is the pause that counts, not the whole
    with Service() as service, Home() as home:
        running = {name: home.start(service.url(name), '--timeout', '1') for name in cases}
        for name, (status, answer, reason) in cases.items():
            out, errors = running[name].communicate(timeout=100)
            assert running[name].returncode == status and out.decode() == answer and reason in errors.decode() \
                and errors.count(b'\n') == status, (name, out, errors)
    with socket.socket() as deaf, Home() as home:  # takes connections, and reads nothing
        deaf.bind(('127.0.0.1', 0))
        deaf.listen()
        url = f'https://127.0.0.1:{deaf.getsockname()[1]}/v1'
        status, out, errors = home.ask(url, '--connect-timeout', '1')
        assert status == 1 and not out and 'could not be reached in time' in errors, errors


@tap.case
def an_older_http_is_spoken_where_a_cut_is_noticed():
    """libsoup 3.2 does not see that HTTP/2 has cut a stream off."""
    with socket.socket() as deaf, Home() as home:
        deaf.bind(('127.0.0.1', 0))
        deaf.listen()
        process = home.start(f'https://localhost:{deaf.getsockname()[1]}/v1')
        deaf.settimeout(60)
        with deaf.accept()[0] as connection:
            hello = connection.recv(10000)
        assert b'\x08http/1.1' in hello and b'\x02h2' not in hello, hello
        process.communicate(timeout=60)


@tap.case
def a_host_that_is_not_there_is_told():
    with socket.socket() as free, Home() as home:
        free.bind(('127.0.0.1', 0))
        status, out, errors = home.ask(f'http://127.0.0.1:{free.getsockname()[1]}/v1')
        assert status == 1 and not out and 'There is no connection to 127.0.0.1' in errors, errors


@tap.case
def a_certificate_that_proves_nothing_gets_nothing():
    if not shutil.which('openssl'):
        raise tap.Skip('openssl is not installed')
    with tempfile.TemporaryDirectory() as folder:
        pem = os.path.join(folder, 'both.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', folder + '/key', '-out',
                        folder + '/certificate', '-days', '2', '-subj', '/CN=localhost'], check=True, capture_output=True)
        with open(pem, 'wb') as both:
            for name in ('key', 'certificate'):
                with open(os.path.join(folder, name), 'rb') as file:
                    both.write(file.read())
        with Service(pem) as service, Home() as home:
            status, out, errors = home.ask(service.url('good', 'localhost'))
            assert status == 1 and not out and 'does not prove' in errors, errors
            assert service.requests == []


@tap.case
def offline_opens_no_connection():
    with Service() as service, Home() as home:
        status, out, errors = home.ask(service.url('good'), '--offline')
        assert status == 1 and not out and 'offline' in errors, errors
        home.switch_off()
        status, out, errors = home.ask(service.url('good'))
        assert status == 1 and not out and 'turned off in the preferences' in errors, errors
        assert service.requests == [] and home.log() == ''
        # not the answer of a program that always refuses
        assert home.ask(service.url('good'), GSETTINGS_BACKEND='memory')[0] == 0


@tap.case
def no_socket_is_made_where_the_network_is_off():
    if not shutil.which('strace'):
        raise tap.Skip('strace is not installed')
    with Service() as service, Home() as home:
        home.switch_off()
        trace = os.path.join(home.folder.name, 'trace')
        done = subprocess.run(['strace', '-f', '-e', 'trace=socket,connect', '-o', trace,
                               *home.command(service.url('good'))], input=b'How?', env=home.environment(),
                              capture_output=True, timeout=100)
        with open(trace, encoding='utf-8') as file:
            calls = file.read()
        assert done.returncode == 1 and 'AF_INET' not in calls, calls


@tap.case
def settings_that_are_not_installed_are_no_failure():
    with Service() as service, Home() as home:
        assert home.ask(service.url('good'), GSETTINGS_SCHEMA_DIR='/nonexistent')[:2] == (0, ANSWER)


@tap.case
def addresses_are_looked_at_before_anything_is_sent():
    with Home() as home:
        for url in ('', 'nonsense', 'ftp://example.com/v1', 'file:///etc/passwd', 'https://', 'https:///v1',
                    'https://user:word@example.com/v1', 'https://example.com/v1?key=x', 'https://example.com/v1#x',
                    'https://exa mple.com/v1', 'https://example.com/v1\nHost: x', 'http://example.com/v1',
                    'http://10.0.0.1/v1', 'http://localhost.example.com/v1', 'http://127.0.0.1.example.com/v1',
                    'https://example.com:99999/v1', 'https://[::1/v1', 'x' * 100_000):
            status, out, errors = home.ask(url)
            assert status == 1 and not out and errors.count('\n') == 1, (url[:99], status, errors)
        assert 'https://' in home.ask('http://example.com/v1')[2]
        assert home.log() == ''


@tap.case
def without_encryption_another_machine_gets_only_what_was_said_to():
    here = other_name()
    if not here:
        raise tap.Skip('this machine has no name of its own')
    with Service(None, *here) as service, Home() as home:
        assert 'needs https://' in home.ask(service.url('good'))[2]
        status, out, errors = home.ask(service.url('good'), '--allow-http')
        assert status == 1 and not out and '--allow-http-key' in errors, errors
        assert service.requests == []
        assert home.ask(service.url('good'), '--allow-http', RIPOSTE_API_KEY=None)[:2] == (0, ANSWER)
        assert 'Authorization' not in service.requests[-1]['headers']
        assert 'asks for a key' in home.ask(service.url('401'), '--allow-http', RIPOSTE_API_KEY=None)[2]
        assert home.ask(service.url('good'), '--allow-http', '--allow-http-key')[:2] == (0, ANSWER)
        assert service.requests[-1]['headers']['Authorization'] == 'Bearer ' + KEY


@tap.case
def wrong_calls_are_told():
    with Home() as home:
        for arguments in ([], ['--remote', 'https://example.com/v1'], ['--remote-model', 'x'], ['--nonsense'],
                          ['--remote', 'https://example.com/v1', '--remote-model', ''],
                          home.command('https://example.com/v1', '--temp', '99')[1:],
                          home.command('https://example.com/v1', '--temp', 'x')[1:],
                          home.command('https://example.com/v1', 'question')[1:]):
            done = subprocess.run([PROGRAM, *arguments], input=b'x', env=home.environment(), capture_output=True, timeout=60)
            assert done.returncode == 2 and not done.stdout and done.stderr.startswith(b'riposte: '), done
        for question in (b'', b'a\0b'):
            status, out, errors = home.ask('https://example.com/v1', question=question)
            assert status == 1 and not out and 'question' in errors, errors


@tap.case
def a_key_that_cannot_be_one_is_refused_and_not_shown():
    with Service() as service, Home() as home:
        for key in (KEY + '\n', KEY + '\r\nX-Evil: 1', 'a ' + KEY, KEY + '\x01', KEY + 'ü', KEY * 1000):
            status, out, errors = home.ask(service.url('good'), RIPOSTE_API_KEY=key)
            assert status == 1 and not out and 'key' in errors, errors
        assert service.requests == []


@tap.case
def control_sequences_do_not_reach_a_terminal():
    with Service() as service, Home() as home:
        raw = home.ask(service.url('terminal'))[1]
        assert '\x1b[31m' in raw and '\u202e' in raw  # a file has what was said
        primary, secondary = pty.openpty()
        process = home.start(service.url('terminal'), stdout=secondary)
        assert process.wait(60) == 0
        os.close(secondary)
        shown = b''
        try:
            while data := os.read(primary, 10000):
                shown += data
        except OSError:
            pass
        process.stderr.close()
        os.close(primary)
        shown = shown.decode()
        assert 'red' in shown and 'evil' in shown and '\x1b' not in shown and '\x07' not in shown, repr(shown)
        assert '\u202e' not in shown


@tap.case
def a_reader_that_goes_away_ends_it_quietly():
    with Service() as service, Home() as home:
        process = home.start(service.url('endless'))
        process.stdout.read(20)
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(60) == 1 and errors == '', (process.returncode, errors)
        assert service.hung_up.wait(60), 'the service was not told'


@tap.case
def a_full_disk_is_told():
    with Service() as service, Home() as home, open('/dev/full', 'wb') as full:
        process = home.start(service.url('good'), stdout=full)
        errors = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 1 and 'cannot be written' in errors and errors.count('\n') == 1, errors


@tap.case
def what_is_closed_is_told_and_lent_to_nothing_else():
    with Service() as service, Home() as home:
        def ask(closed):
            return subprocess.run(['bash', '-c', f'exec "$@" {closed}', '-', *home.command(service.url('good'))],
                                  input=b'How?', env=home.environment(), capture_output=True, timeout=60)
        done = ask('<&-')
        assert done.returncode == 1 and b'cannot be read: Bad file descriptor' in done.stderr, done
        done = ask('>&-')
        assert done.returncode == 1 and b'cannot be written: Bad file descriptor' in done.stderr, done
        done = ask('2>&-')
        assert done.returncode == 0 and done.stdout.decode() == ANSWER, done


@tap.case
def an_interruption_ends_it_at_once():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Service() as service, Home() as home:
            process = home.start(service.url('silent'))
            end = time.monotonic() + 60
            while not service.requests and time.monotonic() < end:
                time.sleep(0.02)
            process.send_signal(number)
            out, errors = process.communicate(timeout=60)
            assert (process.returncode, out, errors) == (130, b'', b''), (process.returncode, errors)


@tap.case
def every_request_is_in_the_log_without_what_was_said():
    with Service() as service, Home() as home:
        home.ask(service.url('good'), question=b'SECRET QUESTION')
        home.ask(service.url('429'))
        lines = [line.split('\t') for line in home.log().splitlines()]
        begins = [line for line in lines if line[0] == 'begin']
        ends = [line for line in lines if line[0] == 'end']
        assert [line[5] for line in begins] == [service.url(name) + '/chat/completions' for name in ('good', '429')]
        assert [line[3] for line in ends] == ['200', '429']
        body = len(service.requests[0]['body'])
        assert body < int(ends[0][4]) < body + 1000 and len(ANSWER.encode()) < int(ends[0][5]) < 10000, ends
        assert 'SECRET' not in home.log() and 'reverse' not in home.log()


@tap.case
def the_key_is_found_nowhere():
    with Service() as service, Home() as home:
        for name in ('good', '401', 'error-in-stream', 'away', 'cut', 'bad-json'):
            service.elsewhere = 'http://localhost:1/' + KEY
            _, out, errors = home.ask(service.url(name), G_MESSAGES_DEBUG='all', question=b'x')
            assert KEY not in out + errors, (name, errors)
        assert service.requests[0]['headers']['Authorization'] == 'Bearer ' + KEY
        assert KEY.encode() not in home.contents()


def wait_for_requests(service, n):
    end = time.monotonic() + 60
    while len(service.requests) < n and time.monotonic() < end:
        time.sleep(0.02)
    assert len(service.requests) == n


@tap.case
def the_key_is_in_no_argument_environment_or_core():
    somebody = 65534 if os.geteuid() == 0 else os.geteuid()
    with Service() as service, Home() as home:
        os.chmod(home.folder.name, 0o777)
        try:
            process = home.start(service.url('silent'), RIPOSTE_API_KEY=KEY, user=somebody)
        except PermissionError as error:
            raise tap.Skip('the program is out of reach for another user') from error
        other = subprocess.Popen(['sleep', '60'], user=somebody, cwd=home.folder.name, preexec_fn=allow_cores)
        wait_for_requests(service, 1)
        if os.geteuid() == 0:
            for name in ('cmdline', 'environ', 'status'):
                with open(f'/proc/{process.pid}/{name}', 'rb') as file:
                    assert KEY.encode() not in file.read(), name
        # who may look into a process owns these files: of this one nobody but root does
        assert os.stat(f'/proc/{other.pid}/environ').st_uid == somebody
        assert os.stat(f'/proc/{process.pid}/environ').st_uid == 0
        for victim in (process, other):
            victim.send_signal(signal.SIGSEGV)
            victim.communicate(timeout=60)
        assert KEY.encode() not in home.contents()
        for name in os.listdir(home.folder.name):
            if 'core' in name:  # of the other, where this machine writes them beside the program
                with open(os.path.join(home.folder.name, name), 'rb') as file:
                    assert b'sleep' in file.read() and str(process.pid) not in name, name


@tap.case
def the_key_is_in_no_core_that_root_asks_for():
    if not shutil.which('gcore'):
        raise tap.Skip('gcore is not installed')
    with Service() as service, Home() as home:
        process = home.start(service.url('stalled'), RIPOSTE_API_KEY=KEY)
        core = os.path.join(home.folder.name, 'core')
        assert process.stdout.read(len(FIRST_WORDS)).decode() == FIRST_WORDS  # the key has gone where it goes
        done = subprocess.run(['gcore', '-o', core, str(process.pid)], capture_output=True, timeout=100)
        process.kill()
        process.communicate()
        assert KEY.encode() not in home.contents()
        if not os.path.exists(f'{core}.{process.pid}'):
            raise tap.Skip(f'this process may not be looked into: {done.stderr.decode()[-200:]}')


# In a session of its own: stores the key as the window does, asks, and says what came.
IN_SESSION = r'''
set -e
printf 'password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
printf '%s' "$CANARY" | secret-tool store --label test xdg:schema dev.riposte.Riposte.Key origin "$ORIGIN"
unset CANARY
exec "$@"
'''


@tap.case
def the_key_comes_from_the_keyring():
    for tool in ('dbus-run-session', 'gnome-keyring-daemon', 'secret-tool'):
        if not shutil.which(tool):
            raise tap.Skip(f'{tool} is not installed')
    with Service() as service, Home() as home:
        def ask(origin, **more):
            environment = home.environment(CANARY=KEY, ORIGIN=origin, GSETTINGS_BACKEND='memory', **more)
            # what looks for leaks is not for what others wrote
            environment.pop('LD_PRELOAD', None)
            return subprocess.run(['dbus-run-session', '--', 'bash', '-c', IN_SESSION, '-',
                                   *home.command(service.url('good'))], input=b'How?', env=environment,
                                  capture_output=True, timeout=100)
        done = ask(service.root())
        assert done.returncode == 0 and done.stdout.decode() == ANSWER, done
        assert service.requests[-1]['headers'].get('Authorization') == 'Bearer ' + KEY, done.stderr
        # the key of another origin stays where it is
        with Home() as home:
            done = ask('https://api.example.com')
            assert done.returncode == 0 and 'Authorization' not in service.requests[-1]['headers'], done
        # what the session's messages look like in transit is no news either
        with Home() as home:
            done = ask(service.root(), G_MESSAGES_DEBUG='all', G_DBUS_DEBUG='all')
            assert service.requests[-1]['headers'].get('Authorization') == 'Bearer ' + KEY, done.stderr
            assert b'GetSecrets' in done.stdout + done.stderr and KEY.encode() not in done.stdout + done.stderr
        # the environment goes first, for that run
        with Home() as home:
            done = ask(service.root(), RIPOSTE_API_KEY='other-key')
            assert service.requests[-1]['headers']['Authorization'] == 'Bearer other-key', done


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def interrupt_program(pid):
    """The one of riposte-ask-remote below @pid."""
    below = [pid]
    for each in below:
        below += map(int, read(f'/proc/{each}/task/{each}/children').split())
        if read(f'/proc/{each}/cmdline').split('\0')[0] == PROGRAM:
            os.kill(each, signal.SIGINT)
            return
    raise AssertionError('it does not run')


KEYRING = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'secret_service.py')


@tap.case
def a_keyring_that_is_locked_or_dies_keeps_no_one_waiting_and_leaks_nothing():
    if not shutil.which('dbus-run-session') or subprocess.run([sys.executable, '-c', 'import gi'],
                                                              stderr=subprocess.DEVNULL).returncode != 0:
        raise tap.Skip('there is no session bus, or no GLib for Python')

    def ask(name, wrong=None, interrupt=False):
        with Service() as service, Home() as home:
            # whoever comes after the one that died is none either
            services = os.path.join(home.folder.name, 'data', 'dbus-1', 'services')
            os.makedirs(services)
            with open(os.path.join(services, 'org.freedesktop.secrets.service'), 'w', encoding='utf-8') as file:
                file.write('[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/false\n')
            log = os.path.join(home.folder.name, 'log')
            # what looks for leaks is not for what others wrote, and neither is a critical of libsecret's own
            environment = home.environment(GSETTINGS_BACKEND='memory', RIPOSTE_API_KEY=None, LD_PRELOAD=None,
                                           G_DEBUG='' if wrong == 'Prompt=die' else 'fatal-criticals')
            if 'ASAN_OPTIONS' in environment:
                environment['ASAN_OPTIONS'] += ':detect_leaks=0'
            process = subprocess.Popen(['dbus-run-session', '--', sys.executable, KEYRING, *(['--wrong', wrong] if wrong else []),
                                        '--has', f'{service.root()}={KEY}', log, 'env', 'G_MESSAGES_DEBUG=all',
                                        *home.command(service.url(name))], env=environment, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stdin.write(b'How?')
            process.stdin.close()
            process.stdin = None
            if interrupt:
                wait_until(lambda: os.path.exists(log) and 'Prompt' in read(log))
                interrupt_program(process.pid)
            out, errors = process.communicate(timeout=200)
            assert KEY.encode() not in out + errors + home.contents(), (wrong, out, errors)
            sent = [request['headers'].get('Authorization') for request in service.requests]
            return process.returncode, out.decode(), errors, read(log).split(), sent

    status, out, errors, called, sent = ask('good')
    assert status == 0 and sent == ['Bearer ' + KEY] and called[-2:] == ['Prompt', 'GetSecrets'], (errors, called)
    for wrong in ('Prompt=dismiss', 'OpenSession=die', 'SearchItems=die', 'Unlock=die', 'Prompt=die', 'GetSecrets=die'):
        status, out, errors, called, sent = ask('good', wrong)
        assert (status, out, sent) == (0, ANSWER, [None]), (wrong, status, out, errors)
        assert wrong.split('=')[0] in called, (wrong, called)
        status, out, errors, _, sent = ask('401', wrong)
        assert status == 1 and sent == [None] and b'asks for a key (401)' in errors, (wrong, errors)
    status, out, errors, called, sent = ask('good', 'Prompt=wait', interrupt=True)
    assert (status, out, sent) == (130, '', []), (status, out, errors)


if __name__ == '__main__':
    tap.main()
