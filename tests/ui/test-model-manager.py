"""The window of models: what is there, what can be downloaded, and downloads from a server on the loopback interface."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Window, is_sensitive, small_model, wait_for  # noqa: E402
from tap import case, main  # noqa: E402

BLOCK = 1 << 18


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        world = self.server.world
        if not self.path.split('?')[0].endswith('.gguf') or 'missing' in self.path:
            self.send_response(404)
            self.send_header('Content-Length', '0')
            self.end_headers()
            return
        offset = int(self.headers.get('Range', 'bytes=0-')[6:-1])
        world.offsets.append(offset)
        self.send_response(206 if offset else 200)
        self.send_header('Content-Length', str(len(world.content) - offset))
        if offset:
            self.send_header('Content-Range', f'bytes {offset}-{len(world.content) - 1}/{len(world.content)}')
        self.send_header('ETag', '"one"')
        self.end_headers()
        try:
            for at in range(offset, len(world.content), BLOCK):
                while world.slow and at > offset + len(world.content) // 4:
                    time.sleep(0.05)  # until the test has seen enough
                self.wfile.write(world.content[at:at + BLOCK])
        except OSError:
            pass


class Server:
    """Gives the small model under every name; once slow, it stops after a quarter."""

    def __init__(self):
        self.content = small_model().read_bytes()
        self.slow = False
        self.offsets = []

    def __enter__(self):
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.world = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f'http://127.0.0.1:{self.server.server_port}/'
        return self

    def __exit__(self, *_):
        self.slow = False
        self.server.shutdown()
        self.server.server_close()


def picture(name):
    """For a person to look at, where RIPOSTE_UI_PICTURES names a folder."""
    folder = os.environ.get('RIPOSTE_UI_PICTURES')
    if folder:
        time.sleep(1)
        subprocess.run(['import', '-window', 'root', os.path.join(folder, name + '.png')], check=True)


def open_models(window):
    window.key('m', 'ctrl', 'alt')
    wait_for('the window of models', lambda: window.has_text('On This Machine'))


def respond(window, label):
    """Presses a button of a dialog, which libadwaita names by its mnemonic and its label."""
    window.press(f'_{label} {label}')


def enter_address(window, address):
    """From Address…, by the keyboard."""
    # a menu button is a widget that holds the button
    wait_for('the menu', lambda: window.find_all('push button', 'Add a Model'))[-1].get_action_iface().do_action(0)
    window.press('From Address…', role='menu item')
    entry = wait_for('the entry', lambda: window.find('text', 'Address') or window.find('entry', 'Address'))
    entry.get_editable_text_iface().set_text_contents(address)


def ask_for(window, address):
    enter_address(window, address)
    respond(window, 'Download')


@case
def what_there_is_to_have_is_shown_with_what_fits():
    with tempfile.TemporaryDirectory() as folder:
        with Window('--device', 'cpu', data_home=folder) as window:
            window.press('Find a Model…')
            wait_for('the catalogue', lambda: window.has_text('Qwen3 Coder 30B-A3B Instruct'))
            wait_for('nothing here yet', lambda: window.has_text('No models yet'))
            wait_for('licences', lambda: window.has_text('licence Apache-2.0'))
            wait_for('a speed', lambda: window.has_text('tokens a second'))
            button = window.find('push button', 'Download: gpt-oss 20B (MXFP4)')
            assert button and is_sensitive(button)
            picture('models-catalogue')
            window.key('Escape')
            wait_for('the window to close', lambda: not window.has_text('No models yet'))


@case
def a_model_from_elsewhere_is_among_those_of_this_machine():
    with tempfile.TemporaryDirectory() as folder:
        with Window('--device', 'cpu', '--model', small_model(), data_home=folder) as window:
            wait_for('the model', lambda: window.has_text('Processor: '))
            open_models(window)
            wait_for('where it is', lambda: window.has_text(str(small_model())))
            assert not window.has_text('No models yet')


@case
def a_model_is_downloaded_paused_gone_on_with_and_used():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        with Window('--device', 'cpu', '--temp', '0', data_home=folder) as window:
            open_models(window)
            server.slow = True
            ask_for(window, server.address + 'mine.gguf?download=true')
            wait_for('progress', lambda: window.has_text(' of 98.4'))
            picture('models-download')
            window.press('Pause the Download')
            wait_for('the pause', lambda: window.has_text('Paused at'))
            part = Path(folder) / 'riposte/models/mine.gguf.part'
            assert part.exists() and not part.with_suffix('').exists()
            server.slow = False
            window.press('Go On with the Download')
            path = Path(folder) / 'riposte/models/mine.gguf'
            wait_for('the file', path.exists)
            assert path.read_bytes() == server.content
            assert server.offsets[0] == 0 and server.offsets[1] > 0, server.offsets
            wait_for('the model in the list', lambda: window.find('push button', 'Use mine'))
            picture('models-here')
            window.press('Use mine')
            wait_for('the model', lambda: window.has_text('What Are You Working On?'))
            open_models(window)
            wait_for('which one it is', lambda: window.has_text('98.4'))
            assert not window.find('push button', 'Delete: mine')


@case
def a_download_goes_on_after_a_crash():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.slow = True
        window = Window('--device', 'cpu', data_home=folder)
        window.__enter__()
        try:
            open_models(window)
            ask_for(window, server.address + 'mine.gguf')
            wait_for('progress', lambda: window.has_text(' of 98.4'))
            window.process.kill()
        finally:
            window._end()
            window.folder.cleanup()
        server.slow = False
        with Window('--device', 'cpu', data_home=folder) as window:
            open_models(window)
            wait_for('the download', lambda: window.has_text('Paused at'))
            window.press('Go On with the Download')
            wait_for('the file', (Path(folder) / 'riposte/models/mine.gguf').exists)
            assert server.offsets[-1] > 0


@case
def what_goes_wrong_is_said_and_can_be_tried_again():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        with Window('--device', 'cpu', data_home=folder) as window:
            open_models(window)
            enter_address(window, server.address + 'large-00001-of-00003.gguf')
            wait_for('why not', lambda: window.has_text('This is a part of a model'))
            respond(window, 'Cancel')
            ask_for(window, server.address + 'missing.gguf')
            wait_for('the reason', lambda: window.has_text('The server has no such file (404)'))
            picture('models-failed')
            window.press('Try the Download Again')
            wait_for('the reason', lambda: window.has_text('The server has no such file (404)'))
            window.press('Cancel the Download')
            wait_for('the row to go', lambda: not window.has_text('The server has no such file (404)'))
            assert not list((Path(folder) / 'riposte/models').glob('*')), list(Path(folder).rglob('*'))


@case
def a_model_is_deleted_after_a_question():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'riposte/models/mine.gguf'
        path.parent.mkdir(parents=True)
        shutil.copyfile(small_model(), path)
        with Window('--device', 'cpu', data_home=folder) as window:
            open_models(window)
            window.press('Delete: mine')
            wait_for('the question', lambda: window.has_text('Delete This Model?'))
            picture('models-delete')
            respond(window, 'Delete')
            wait_for('the end', lambda: window.find('push button', 'Delete for Good') or not path.exists())
            if path.exists():  # a temporary folder may have no trash
                respond(window, 'Delete for Good')
            wait_for('the file to go', lambda: not path.exists())
            wait_for('nothing here', lambda: window.has_text('No models yet'))


if __name__ == '__main__':
    main()
