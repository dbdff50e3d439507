#!/usr/bin/env python3
"""Downloads (app/models/transfer.c) from a server on the loopback interface that breaks in every way that real ones do.

test-download.py FETCH-FILE [CASE…]: the program of tests/fetch-file.c."""
import hashlib
import os
import random
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

FETCH = sys.argv.pop(1)
SEED = int(os.environ.get('SEED', random.randrange(1 << 32)))
RANDOM = random.Random(SEED)
print(f'# SEED={SEED}')
CONTENT = b'GGUF' + random.Random(1).randbytes(3_000_000)
OTHER = b'GGUF' + random.Random(2).randbytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
# of RiposteDownloadError
NETWORK, SERVER, REFUSED, INSECURE, WRONG_FILE, SPACE, DISK, EXISTS, BUSY, OFFLINE = range(10)


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.world.requests.append(dict(self.headers, path=self.path))
        try:
            self.server.world.answer(self)
        except (BrokenPipeError, ConnectionResetError):
            pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that were killed


class World:
    """A server, and a folder to download to. A case replaces answer()."""

    def __init__(self, content=CONTENT, etag='"one"', pace=0.0):
        self.content, self.etag, self.pace = content, etag, pace
        self.requests = []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='riposte-download-')
        self.path = os.path.join(self.folder.name, 'models', 'model.gguf')
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.world = self
        self.url = f'http://127.0.0.1:{self.server.server_port}/model.gguf'
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.folder.cleanup()

    # ---- the server's side ----

    def answer(self, handler):
        self.serve(handler)

    def offset(self, handler):
        """Where a good server begins: the range counts only for the file that it was asked for."""
        wanted = handler.headers.get('Range')
        if not wanted or handler.headers.get('If-Range', self.etag) != self.etag:
            return 0
        return int(wanted[len('bytes='):-1])

    def headers(self, handler, offset, total=None, length=True):
        total = len(self.content) if total is None else total
        handler.send_response(206 if offset else 200)
        if length:
            handler.send_header('Content-Length', str(total - offset))
        if offset:
            handler.send_header('Content-Range', f'bytes {offset}-{total - 1}/{total}')
        if self.etag:
            handler.send_header('ETag', self.etag)

    def serve(self, handler, stop_at=None, offset=None):
        """The file, cut off before its byte @stop_at."""
        offset = self.offset(handler) if offset is None else offset
        if offset >= len(self.content):
            handler.send_response(416)
            handler.send_header('Content-Range', f'bytes */{len(self.content)}')
            handler.send_header('Content-Length', '0')
            handler.end_headers()
            return
        self.headers(handler, offset)
        handler.end_headers()
        self.send(handler, self.content[offset:stop_at])
        if stop_at is not None:
            self.cut(handler)

    def send(self, handler, data):
        for at in range(0, len(data), 65536):
            handler.wfile.write(data[at:at + 65536])
            if self.pace:
                time.sleep(self.pace)

    def cut(self, handler):
        handler.wfile.flush()
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    def status(self, handler, code, **headers):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace('_', '-'), value)
        handler.send_header('Content-Length', '0')
        handler.end_headers()

    # ---- the client's side ----

    def command(self, size=0, sha256='', back_off=1, stall=5, url=None):
        return [FETCH, self.url if url is None else url, self.path, str(size), sha256, str(back_off), str(stall)]

    def fetch(self, limit=None, **options):
        """Runs the program to its end, and returns its lines."""
        def before():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        done = subprocess.run(self.command(**options), stdout=subprocess.PIPE, timeout=120, text=True, preexec_fn=before)
        assert done.returncode in (0, 1), done
        return done.stdout.splitlines()

    def fails(self, code, **options):
        """It ends with this error, and there is no file. Returns the words."""
        last = self.fetch(**options)[-1]
        assert last.startswith(f'riposte-download-error {code} '), (code, last)
        assert not os.path.exists(self.path)
        return last.split(' ', 2)[2]

    def succeeds(self, **options):
        lines = self.fetch(**options)
        assert lines[-1] == 'done', lines[-3:]
        self.is_whole()
        return lines

    def is_whole(self):
        with open(self.path, 'rb') as file:
            assert file.read() == self.content
        assert os.listdir(os.path.dirname(self.path)) == ['model.gguf'], os.listdir(os.path.dirname(self.path))

    def part(self):
        with open(self.path + '.part', 'rb') as file:
            return file.read()


@tap.case
def a_file_is_fetched_and_verified():
    with World() as world:
        lines = world.succeeds(size=len(CONTENT), sha256=SHA256)
        assert any(line.startswith('verifying') for line in lines)
        assert world.requests[0]['Accept-Encoding'] == 'identity'
    with World() as world:
        world.succeeds()


@tap.case
def fifty_interrupted_downloads_never_show_an_unverified_file():
    with World(pace=0.004) as world:
        for number in range(50):
            process = subprocess.Popen(world.command(size=len(CONTENT), sha256=SHA256 if number % 2 else ''),
                                       stdout=subprocess.DEVNULL)
            time.sleep(RANDOM.uniform(0, 0.35))
            process.kill()
            process.wait()
            if os.path.exists(world.path):
                with open(world.path, 'rb') as file:
                    assert file.read() == CONTENT, number
                os.unlink(world.path)
            elif os.path.exists(world.path + '.part'):
                assert CONTENT.startswith(world.part()), number
        resumed = sum('Range' in request for request in world.requests)
        assert resumed > 10, resumed
        # what no checksum will prove is asked for by its name
        assert all(request.get('If-Range', '"one"') == '"one"' for request in world.requests)
        if not os.path.exists(world.path):
            world.succeeds(size=len(CONTENT), sha256=SHA256)


@tap.case
def a_kill_between_the_last_byte_and_the_name_is_made_good():
    with World() as world:
        os.makedirs(os.path.dirname(world.path))
        with open(world.path + '.part', 'wb') as file:
            file.write(CONTENT)
        world.succeeds(size=len(CONTENT), sha256=SHA256)
        assert not world.requests


@tap.case
def twenty_downloads_to_a_full_disk_never_show_an_unverified_file():
    with World() as world:
        for number in range(20):
            before = len(world.part()) if number else 0
            limit = RANDOM.randrange(before + 1, before + len(CONTENT) // 25)
            words = world.fails(SPACE, limit=limit)
            assert 'model.gguf.part' in words
            assert len(world.part()) == limit and CONTENT.startswith(world.part())
        world.succeeds()


@tap.case
def a_disk_that_is_really_full_is_told_and_gone_on_with():
    with World() as world:
        # the program alone sees this small disk
        script = ('mount -t tmpfs -o size=66m riposte "$1" && shift && dd if=/dev/zero of="$1" bs=1M count=1 2>/dev/null; '
                  '"${@:2}"; ls "$(dirname "$1")"')
        os.makedirs(os.path.dirname(world.path))
        filler = os.path.join(os.path.dirname(world.path), 'filler')
        done = subprocess.run(['unshare', '--mount', '--map-root-user', 'bash', '-c', script, '-',
                               os.path.dirname(world.path), filler, *world.command()], capture_output=True, text=True)
        if 'unshare:' in done.stderr or 'mount:' in done.stderr:
            raise tap.Skip('a file system cannot be mounted here')
        assert f'riposte-download-error {SPACE} ' in done.stdout, done
        assert 'model.gguf\n' not in done.stdout, done
        world.succeeds()


@tap.case
def room_is_looked_for_before_a_byte_is_asked_for_in_vain():
    with World() as world:
        def answer(handler):
            world.headers(handler, 0, total=1 << 55)
            handler.end_headers()
            world.send(handler, CONTENT)
        world.answer = answer
        world.fails(SPACE)
        assert not os.path.exists(world.path + '.part')


@tap.case
def a_connection_that_breaks_is_gone_on_with():
    with World() as world:
        def answer(handler):
            world.serve(handler, stop_at=min(len(CONTENT), world.offset(handler) + 700_000))
        world.answer = answer
        lines = world.succeeds(size=len(CONTENT), sha256=SHA256)
        assert [request.get('Range') for request in world.requests[:3]] == [None, 'bytes=700000-', 'bytes=1400000-']
        assert any(line.startswith('waiting') for line in lines)


@tap.case
def a_connection_that_brings_nothing_is_given_up_in_the_end():
    with World() as world:
        world.answer = world.cut
        world.fails(NETWORK)
        assert len(world.requests) >= 6, len(world.requests)


@tap.case
def a_server_that_says_nothing_is_not_waited_for_for_ever():
    with World() as world:
        def answer(handler):
            if len(world.requests) == 1:
                time.sleep(8)
            else:
                world.serve(handler)
        world.answer = answer
        world.succeeds(stall=1)


@tap.case
def a_server_that_ignores_ranges_starts_over():
    with World() as world:
        def answer(handler):
            world.serve(handler, stop_at=1_000_000 if len(world.requests) == 1 else None, offset=0)
        world.answer = answer
        world.succeeds(size=len(CONTENT), sha256=SHA256)
        assert world.requests[1]['Range'] == 'bytes=1000000-'


@tap.case
def a_file_that_changes_on_the_server_is_not_mixed():
    for sha256 in ('', hashlib.sha256(OTHER).hexdigest()):
        with World() as world:
            def answer(handler):
                world.serve(handler, stop_at=1_000_000 if len(world.requests) == 1 else None)
                world.content, world.etag = OTHER, '"two"'
            world.answer = answer
            world.succeeds(sha256=sha256)


@tap.case
def a_server_that_mixes_two_files_is_found_out():
    for etag in ('"one"', None, 'W/"weak"'):
        with World(etag=etag) as world:
            def answer(handler):
                wanted = handler.headers.get('Range')
                world.serve(handler, stop_at=1_000_000 if len(world.requests) == 1 else None,
                            offset=int(wanted[6:-1]) if wanted else 0)
                world.content = OTHER
                world.etag = etag and etag.replace('one', 'two')
            world.answer = answer
            world.succeeds(sha256=hashlib.sha256(OTHER).hexdigest())
        with World(etag=etag) as world:
            world.answer = answer
            world.succeeds()


@tap.case
def a_range_that_begins_elsewhere_is_not_taken():
    with World() as world:
        def answer(handler):
            if 'Range' in handler.headers:
                world.serve(handler, offset=world.offset(handler) + 10)
            else:
                world.serve(handler, stop_at=1_000_000 if len(world.requests) == 1 else None)
        world.answer = answer
        world.succeeds()


@tap.case
def too_much_and_too_little_are_told():
    with World() as world:
        world.fails(WRONG_FILE, size=len(CONTENT) - 1, sha256=SHA256)
        world.fails(WRONG_FILE, size=len(CONTENT) + 1, sha256=SHA256)
        assert len(world.requests) == 2
    with World() as world:
        def more(handler):  # than it says, without a length
            world.headers(handler, 0, length=False)
            handler.send_header('Transfer-Encoding', 'chunked')
            handler.end_headers()
            handler.wfile.write(b'%x\r\n' % len(CONTENT) + CONTENT + b'\r\n5\r\nextra\r\n0\r\n\r\n')
        world.answer = more
        world.fails(WRONG_FILE, size=len(CONTENT), sha256=SHA256)
        world.fails(WRONG_FILE, sha256=SHA256)
        world.fails(REFUSED)
    with World() as world:
        def less(handler):  # and always so
            world.serve(handler, stop_at=1000)
        world.answer = less
        world.fails(NETWORK, size=len(CONTENT), sha256=SHA256)


@tap.case
def a_foreign_file_is_thrown_away():
    with World(content=OTHER) as world:
        words = world.fails(WRONG_FILE, size=len(OTHER), sha256=SHA256)
        assert 'SHA-256' in words
        assert not os.path.exists(world.path + '.part')
    with World(content=b'<!DOCTYPE html>' + b' ' * 1000) as world:
        assert 'GGUF' in world.fails(WRONG_FILE)


@tap.case
def a_beginning_of_another_file_is_made_good():
    with World() as world:
        os.makedirs(os.path.dirname(world.path))
        with open(world.path + '.part', 'wb') as file:
            file.write(OTHER[:1_000_000])
        world.succeeds(size=len(CONTENT), sha256=SHA256)
    with World() as world:  # nobody knows where it came from, and nothing would tell
        os.makedirs(os.path.dirname(world.path))
        with open(world.path + '.part', 'wb') as file:
            file.write(OTHER[:1_000_000])
        world.succeeds()
        assert 'Range' not in world.requests[0]


@tap.case
def what_a_power_cut_may_have_lost_is_fetched_again():
    with World() as world:
        world.answer = lambda handler: world.serve(handler, stop_at=2_000_000)
        world.fails(NETWORK)
        info = world.path + '.part.info'
        with open(info) as file:
            text = file.read()
        assert 'validator="one"' in text, text
        with open(info, 'w') as file:
            file.write('\n'.join('boot=another' if line.startswith('boot=') else line for line in text.splitlines()))
        with open(world.path + '.part', 'r+b') as file:
            file.seek(1_500_000)
            file.write(bytes(500_000))
        del world.answer
        world.requests.clear()
        world.succeeds()
        assert 'Range' not in world.requests[0]


@tap.case
def refusals_are_told_at_once():
    for code, words in ((404, 'no such file'), (410, 'no such file'), (403, 'everybody'), (401, 'everybody'),
                        (400, 'refuses')):
        with World() as world:
            world.answer = lambda handler, code=code: world.status(handler, code)
            text = world.fails(REFUSED)
            assert words in text and str(code) in text, text
            assert len(world.requests) == 1


@tap.case
def a_busy_server_is_asked_again_and_not_before_it_wishes():
    for code in (429, 503, 500):
        with World() as world:
            times = []

            def answer(handler):
                times.append(time.monotonic())
                if len(times) == 1:
                    world.status(handler, code, Retry_After='1')
                else:
                    world.serve(handler)
            world.answer = answer
            lines = world.succeeds()
            assert times[1] - times[0] >= 1, times
            assert any(line.startswith('waiting') and str(code) in line for line in lines)
    with World() as world:
        world.answer = lambda handler: world.status(handler, 502)
        assert '502' in world.fails(SERVER)
        assert len(world.requests) == 6


@tap.case
def tries_are_further_and_further_apart():
    with World() as world:
        times = []

        def answer(handler):
            times.append(time.monotonic())
            world.status(handler, 503)
        world.answer = answer
        world.fails(SERVER, back_off=40)
        waits = [b - a for a, b in zip(times, times[1:])]
        assert all(wait >= 0.04 * 2 ** number for number, wait in enumerate(waits)), waits


@tap.case
def redirections_are_followed_where_they_are_secure():
    with World() as world:
        def answer(handler):
            if handler.path == '/model.gguf':
                world.status(handler, 302, Location='/step')
            elif handler.path == '/step':
                world.status(handler, 307, Location=world.url.replace('model.gguf', 'file'))
            else:
                world.serve(handler)
        world.answer = answer
        world.succeeds()
    for location in ('http://example.org/model.gguf', 'ftp://127.0.0.1/x', 'file:///etc/passwd', 'http://', '//'):
        with World() as world:
            world.answer = lambda handler, location=location: world.status(handler, 302, Location=location)
            world.fails(INSECURE)
    with World() as world:
        world.answer = lambda handler: world.status(handler, 302, Location='/model.gguf')
        world.fails(REFUSED)
        assert len(world.requests) == 11


@tap.case
def only_secure_addresses_are_taken():
    with World() as world:
        for url in ('http://example.org/m.gguf', 'ftp://localhost/m.gguf', 'file:///m.gguf', 'm.gguf', '',
                    'http://127.0.0.1.example.org/', 'http://localhost.example.org/', 'https:///m.gguf'):
            world.fails(INSECURE, url=url)


@tap.case
def a_server_that_cannot_be_trusted_is_not():
    with World() as world:
        pem = os.path.join(world.folder.name, 'pem')
        made = subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', pem + '.key', '-out',
                               pem, '-days', '2', '-subj', '/CN=localhost'], capture_output=True)
        if made.returncode:
            raise tap.Skip('openssl makes no certificate')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, pem + '.key')
        world.server.socket = context.wrap_socket(world.server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        words = world.fails(INSECURE, url=world.url.replace('http://127.0.0.1', 'https://localhost'))
        assert 'trusted' in words, words
        assert not world.requests


@tap.case
def a_checksum_that_the_server_publishes_is_asked_of_the_file():
    for content, good in ((CONTENT, True), (OTHER, False)):
        with World(content=content) as world:
            def answer(handler):
                if handler.path == '/model.gguf':
                    world.status(handler, 302, Location='/file', X_Linked_ETag=f'"{SHA256}"')
                else:
                    world.serve(handler)
            world.answer = answer
            if good:
                lines = world.succeeds()
                assert lines[-2].split()[:4] == ['verifying', str(len(CONTENT)), str(len(CONTENT)), '1'], lines[-2]
            else:
                world.fails(WRONG_FILE)


@tap.case
def copies_of_one_file_are_told_from_another_by_its_checksum():
    """Where large files are given out, a copy has a name and an ETag of its own, and an address for a while."""
    with World(content=CONTENT) as world:
        def answer(handler):
            world.etag = f'"{len(world.requests)}"'
            if handler.path == '/model.gguf':
                world.status(handler, 302, Location=f'/copy-{len(world.requests)}',
                             X_Linked_ETag=hashlib.sha256(world.content).hexdigest())
            else:
                world.serve(handler, stop_at=world.offset(handler) + 700_000 if len(world.requests) < 7 else None)
        world.answer = answer
        world.succeeds()
        assert [request.get('Range') for request in world.requests[1:8:2]] == \
            [None, 'bytes=700000-', 'bytes=1400000-', 'bytes=2100000-'], world.requests
    with World(content=CONTENT) as world:
        def becomes_another(handler):
            answer(handler)
            if len(world.requests) == 2:
                world.content = OTHER
        world.answer = becomes_another
        world.succeeds()


@tap.case
def a_file_that_is_there_is_not_touched():
    with World() as world:
        os.makedirs(os.path.dirname(world.path))
        with open(world.path, 'w') as file:
            file.write('mine')
        last = world.fetch()[-1]
        assert last.startswith(f'riposte-download-error {EXISTS} '), last
        with open(world.path) as file:
            assert file.read() == 'mine'
        assert os.listdir(os.path.dirname(world.path)) == ['model.gguf']


@tap.case
def a_file_that_comes_meanwhile_is_not_replaced():
    with World() as world:
        def answer(handler):
            with open(world.path, 'w') as file:
                file.write('mine')
            world.serve(handler)
        world.answer = answer
        last = world.fetch()[-1]
        assert last.startswith(f'riposte-download-error {EXISTS} '), last
        with open(world.path) as file:
            assert file.read() == 'mine'


@tap.case
def two_programs_do_not_write_the_same_file():
    with World(pace=0.02) as world:
        first = subprocess.Popen(world.command(), stdout=subprocess.PIPE, text=True)
        while not world.requests:
            time.sleep(0.01)
        world.fails(BUSY)
        assert first.wait(60) == 0
        first.stdout.close()
        world.is_whole()


@tap.case
def a_folder_that_cannot_be_written_is_told():
    with World() as world:
        with open(os.path.dirname(world.path), 'w'):
            pass
        last = world.fetch()[-1]
        assert last.startswith(f'riposte-download-error {DISK} '), last


signal.signal(signal.SIGPIPE, signal.SIG_IGN)
tap.main()
