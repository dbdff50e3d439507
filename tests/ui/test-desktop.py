"""The program as the desktop knows it: started by the session bus, and telling of answers that nobody watched."""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import PATIENCE, Atspi, GLib, Window, small_model, text_of, wait_for  # noqa: E402
import gi  # noqa: E402
from gi.repository import Gio  # noqa: E402
from tap import Skip, case, main  # noqa: E402

NAME = 'dev.riposte.Riposte'
OBJECT = '/dev/riposte/Riposte'


def call(bus, name, path, interface, method, parameters=None):
    return bus.call_sync(name, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, 60000, None)


def pid_of(bus):
    try:
        return call(bus, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                    'GetConnectionUnixProcessID', GLib.Variant('(s)', (NAME,))).unpack()[0]
    except GLib.Error:
        return 0


class Activated(Window):
    """The window of the program that the bus started."""

    def __init__(self, bus):
        super().__init__()
        self.bus = bus

    def __enter__(self):
        self.app = wait_for('the program on the accessibility bus', self._find_app)
        self.frame = wait_for('the window', lambda: self.find('frame') or self.find('window'))
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            print('# ' + '\n# '.join(self.dump()), flush=True)
        self.folder.cleanup()

    def _find_app(self):
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(i)
            if child and child.get_process_id() == pid_of(self.bus):
                return child
        return None


@case
def the_bus_starts_it_and_opens_files_in_it():
    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    services = Path(os.environ['XDG_DATA_HOME']) / 'dbus-1' / 'services'
    services.mkdir(parents=True, exist_ok=True)
    (services / f'{NAME}.service').write_text(
        f'[D-BUS Service]\nName={NAME}\nExec={os.environ["RIPOSTE"]} --gapplication-service\n')
    call(bus, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'UpdateActivationEnvironment',
         GLib.Variant('(a{ss})', ({key: os.environ[key] for key in os.environ
                                   if key.startswith(('XDG_', 'DISPLAY', 'GTK_', 'GDK_', 'GSK_', 'HOME'))},)))
    call(bus, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ReloadConfig')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'opened.py'
        path.write_text('print("opened by the bus")\n')
        try:
            call(bus, NAME, OBJECT, 'org.freedesktop.Application', 'Open',
                 GLib.Variant('(asa{sv})', ([path.as_uri()], {})))
            with Activated(bus) as window:
                def opened():
                    return any('opened by the bus' in text_of(node) for node in window.find_all('text'))
                wait_for('the file', opened)
                call(bus, NAME, OBJECT, 'org.freedesktop.Application', 'Activate',
                     GLib.Variant('(a{sv})', ({},)))
                assert len(window.find_all('frame')) == 1, 'a second window opened'
            call(bus, NAME, OBJECT, 'org.freedesktop.Application', 'ActivateAction',
                 GLib.Variant('(sava{sv})', ('quit', [], {})))
            wait_for('its end', lambda: not pid_of(bus))
            # an action that comes first brings the window along
            call(bus, NAME, OBJECT, 'org.freedesktop.Application', 'ActivateAction',
                 GLib.Variant('(sava{sv})', ('preferences', [], {})))
            with Activated(bus) as window:
                wait_for('the preferences', lambda: window.has_text('Keep Awake While Answering'))
            call(bus, NAME, OBJECT, 'org.freedesktop.Application', 'ActivateAction',
                 GLib.Variant('(sava{sv})', ('quit', [], {})))
            wait_for('its end again', lambda: not pid_of(bus))
        finally:
            (services / f'{NAME}.service').unlink()


def without_network():
    """How a program is run in a network namespace that has no interface but a loopback that is down."""
    command = ['unshare', '--user', '--map-root-user', '--net']
    try:
        done = subprocess.run([*command, 'sh', '-c', 'cat /proc/net/dev'], capture_output=True, text=True)
    except FileNotFoundError:
        raise Skip('unshare is not installed')
    if done.returncode != 0:
        raise Skip(f'no network namespace: {done.stderr.strip()}')
    devices = [line.split(':')[0].strip() for line in done.stdout.splitlines() if ':' in line]
    assert devices == ['lo'], devices
    return command


@case
def without_any_network_everything_local_works():
    command = without_network()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / 'riposte'
        program.write_text('#!/bin/sh\nexec ' + ' '.join(command) + f' "{os.environ["RIPOSTE"]}" "$@"\n')
        program.chmod(0o755)
        file = Path(folder) / 'notes.txt'
        file.write_text('written offline\n')
        with Window('--model', small_model(), '--device', 'cpu', '--temp', '0', file, program=str(program)) as window:
            wait_for('the file', lambda: window.has_text('notes.txt'))
            window.ask('Write a Python function that reverses a string')
            wait_for('the answer', lambda: 'def ' in window.answer_text())
            window.press('Stop')
            wait_for('its end', lambda: not window.is_busy())
            window.press('Insert Code into the Editor')
            window.press('New Chat')
            wait_for('both chats', lambda: len(window.find_all('list item')) >= 2)


def drag(start, end):
    """The first button held, from one point of the screen to another."""
    Atspi.generate_mouse_event(*start, 'abs')
    Atspi.generate_mouse_event(*start, 'b1p')
    for step in range(1, 11):
        time.sleep(0.05)
        Atspi.generate_mouse_event(*(a + (b - a) * step // 10 for a, b in zip(start, end)), 'abs')
    time.sleep(0.2)
    Atspi.generate_mouse_event(*end, 'b1r')


def drag_until(what, condition, start, end):
    """Again, where the window was busy while it passed."""
    def attempt():
        drag(start, end)
        try:
            return wait_for(what, condition, 10)
        except AssertionError:
            return None
    wait_for(what, attempt)


@case
def a_file_dragged_from_elsewhere_goes_with_the_question_or_is_opened():
    with tempfile.TemporaryDirectory() as folder, Window('--model', small_model(), '--device', 'cpu') as window:
        path = Path(folder) / 'dragged.py'
        path.write_text('print("dragged")\n')
        wait_for('the model', lambda: window.has_text('Processor: '))
        chat = centre(window.get('text', 'Question'))
        editor = centre(window.get('label', 'No File Open'))
        source = subprocess.Popen([sys.executable, str(Path(__file__).parent / 'drag_source.py'), str(path)])
        try:
            # with no window manager it lies in the corner, above
            start = wait_for('where to drag from', lambda: corner(source.pid))
            drag_until('the attachment', lambda: window.find('push button', 'Remove dragged.py'), start, chat)
            assert window.has_text('No File Open')
            drag_until('the file', lambda: any('print("dragged")' in text_of(node) for node in window.find_all('text')),
                       start, editor)
        finally:
            source.kill()
            source.wait()


def centre(node):
    at = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
    return at.x + at.width // 2, at.y + at.height // 2


def corner(pid):
    desktop = Atspi.get_desktop(0)
    apps = [desktop.get_child_at_index(i) for i in range(desktop.get_child_count())]
    found = any(app and app.get_process_id() == pid and app.get_child_count() for app in apps)
    return (40, 30) if found else None


class Notifications:
    """Stands for the desktop's service, and keeps what it is told."""

    XML = '''<node><interface name="org.freedesktop.Notifications">
      <method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
        <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
        <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
      <method name="CloseNotification"><arg type="u" direction="in"/></method>
      <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
    </interface></node>'''

    def __init__(self):
        self.told = []
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.bus.register_object('/org/freedesktop/Notifications', interface, self._called, None, None)
        call(self.bus, 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
             GLib.Variant('(su)', ('org.freedesktop.Notifications', 4)))

    def _called(self, bus, sender, path, interface, method, parameters, invocation):
        if method == 'Notify':
            self.told.append(parameters.unpack())
            invocation.return_value(GLib.Variant('(u)', (len(self.told),)))
        else:
            invocation.return_value(None)

    def wait(self, what, condition, patience=PATIENCE):
        def attempt():
            while GLib.MainContext.default().iteration(False):
                pass
            return condition()
        return wait_for(what, attempt, patience)

    def click(self, number):
        self.bus.emit_signal(None, '/org/freedesktop/Notifications', 'org.freedesktop.Notifications', 'ActionInvoked',
                             GLib.Variant('(us)', (number, 'default')))


@case
def a_long_answer_that_nobody_watched_is_told_and_a_click_leads_to_it():
    gi.require_version('Gtk', '4.0')
    from gi.repository import Gtk
    notifications = Notifications()
    with Window('--model', small_model(), '--device', 'cpu', '--temp', '0', '--ctx', '1536') as window:
        Gtk.init()
        elsewhere = Gtk.Window(title='Elsewhere')
        elsewhere.present()
        start = time.monotonic()
        window.ask('Write a long story about a lighthouse keeper, in ten chapters.')
        wait_for('the answer', lambda: len(window.answer_text()) > 20)

        def ended():
            time.sleep(1)  # to look at the window takes time that the answer needs
            return notifications.told or window.find('push button', 'Try Again')
        notifications.wait('the end', ended, 600)
        if time.monotonic() - start < 12 and not notifications.told:
            raise Skip('the answer came too fast to be a long one')
        told = notifications.wait('the notification', lambda: notifications.told)[0]
        window.press('New Chat')
        wait_for('the new chat', lambda: not window.answers())
        assert told[3].startswith('Write a long story') or told[3], told
        assert told[4], told
        assert not window.answers()
        notifications.click(1)
        notifications.wait('the chat', lambda: window.answers())
        elsewhere.destroy()


@case
def after_a_crash_it_is_where_it_was():
    """The editor's pages with what was not saved of them, and what was being asked."""
    with tempfile.TemporaryDirectory() as folder:
        path, home = Path(folder) / 'hello.py', Path(folder) / 'data'
        path.write_text('print("hello")\n')
        kept = home / 'riposte' / 'session.gvariant'

        def page(window):
            return wait_for('the page', lambda: window.find('text', 'Text Editor'))
        with Window(path, data_home=home) as window:
            wait_for('the file', lambda: text_of(page(window)) == 'print("hello")'
                     and page(window).get_state_set().contains(Atspi.StateType.EDITABLE))
            assert page(window).get_editable_text_iface().insert_text(0, '# unsaved\n', len('# unsaved\n'))
            assert window.composer().get_editable_text_iface().set_text_contents('half a question')
            wait_for('both on the disk', lambda: kept.exists() and all(words in kept.read_bytes() for words in
                                                                       (b'# unsaved', b'half a question')))
            window.process.kill()
            window.process.wait()
            window.process.returncode = 0
        with Window(data_home=home) as window:
            wait_for('the page', lambda: text_of(page(window)) == '# unsaved\nprint("hello")')
            wait_for('the question', lambda: text_of(window.composer()) == 'half a question')
            assert window.has_text('• hello.py'), window.texts()
        assert path.read_text() == 'print("hello")\n'


@case
def a_page_with_long_lines_is_shown_as_soon_as_its_tab_is_chosen():
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / 'config'
        keyfile = config / 'glib-2.0' / 'settings' / 'keyfile'
        keyfile.parent.mkdir(parents=True)
        keyfile.write_text('[dev/riposte/Riposte]\nwrap-lines=false\n')
        files = [Path(folder) / f'{n}.txt' for n in range(4)]
        for n, path in enumerate(files):
            path.write_text(''.join('word ' * (i * (n + 3) % (n + 9) * 5) + '\n' for i in range(60 * n + 5)))
        settings = {'GSETTINGS_BACKEND': 'keyfile', 'XDG_CONFIG_HOME': str(config)}
        with mock.patch.dict(os.environ, settings):
            with Window(*files, data_home=folder) as window:
                wait_for('the files', lambda: window.find('text', 'Text Editor') and window.has_text('3.txt'))
                time.sleep(2)  # what is open is kept a second later
            with Window(data_home=folder) as window:
                wait_for('the last page', lambda: window.has_text('3.txt'))
                for name in ('2.txt', '1.txt', '0.txt'):
                    window.key('Page_Up', 'ctrl')
                    wait_for(name, lambda: window.find('label', name))
                    time.sleep(0.5)  # some frames
                assert 'without a current allocation' not in window.log.read_text(), window.log.read_text()


if __name__ == '__main__':
    main()
