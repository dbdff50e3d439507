"""The real window under a display and a session bus of its own, driven as a screen reader would: through AT-SPI."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'scripts'))
from tap import Skip  # noqa: E402

try:
    import gi
    gi.require_version('Atspi', '2.0')
    gi.require_version('Gdk', '4.0')
    from gi.repository import Atspi, Gdk, Gio, GLib
except (ImportError, ValueError) as error:
    print(f'1..0 # SKIP no AT-SPI for Python: {error}')
    sys.exit(0)

# What a busy machine may need; a failing test is the only one that waits so long.
PATIENCE = float(os.environ.get('RIPOSTE_UI_PATIENCE', '120'))
SMALL_MODEL = Path(os.environ['RIPOSTE_MODELS']) / 'smollm2-135m-instruct-q4_1.gguf'

# GTK 4.8 tells a screen reader that asks just then of a widget that has no address yet, or no more: the program itself
# has no object paths.
GTKS_OWN = ('g_variant_', 'g_dbus_')

# keycodes of Xvfb's keyboard
MODIFIERS = {'shift': 50, 'ctrl': 37, 'alt': 64}


# what GTK calls a control that has no name: by its type
TYPE_NAME = re.compile('(Gtk|Adw|Riposte)[A-Z][A-Za-z]*')

# What at-spi2-core of 2025 calls otherwise than Debian 12's, whose names the tests have.
NEWER_ROLES = {'button': 'push button', 'grouping': 'panel'}

# Roles of what is pressed or written into. Others that can take the focus pass it on (a scrolled area, a list), or are
# moved with the keyboard (the divider of two panes).
CONTROLS = {'push button', 'toggle button', 'check box', 'radio button', 'menu item', 'check menu item',
            'radio menu item', 'combo box', 'text', 'entry', 'password text', 'list item', 'page tab', 'spin button',
            'link', 'slider', 'switch', 'math'}

# Roles that are read out with a name, where there is one.
MAY_BE_NAMELESS = {'list', 'menu', 'alert'}


def small_model():
    if not SMALL_MODEL.exists():
        raise Skip(f'{SMALL_MODEL.name} is not there')
    return SMALL_MODEL


def role_of(node):
    role = node.get_role_name()
    return NEWER_ROLES.get(role, role)


def wait_for(what, condition, patience=PATIENCE):
    """Polls until condition() is true, and returns what it returned. What vanishes meanwhile is asked again."""
    end = time.monotonic() + patience
    while True:
        try:
            value = condition()
        except GLib.Error:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'waited {patience:.0f} s for {what}')
        time.sleep(0.05)


class Window:
    """with Window('--model', FILE) as window: … Starts the program, and ends it; its criticals are failures."""

    def __init__(self, *arguments, data_home=None, program=None):
        self.arguments = [str(argument) for argument in arguments]
        self.program = program or os.environ['RIPOSTE']
        self.folder = tempfile.TemporaryDirectory(prefix='riposte-ui-')
        self.home = Path(data_home) if data_home else Path(self.folder.name) / 'data'
        self.log = Path(self.folder.name) / 'log'

    def __enter__(self):
        environment = dict(os.environ, XDG_DATA_HOME=str(self.home))
        with open(self.log, 'wb') as log:
            self.process = subprocess.Popen([self.program, *self.arguments], env=environment, stdout=log, stderr=log)
        try:
            self.app = wait_for('the program on the accessibility bus', self._find_app)
            self.frame = wait_for('the window', lambda: self.find('frame') or self.find('window'))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind, error, trace):
        seen = self.dump() if kind is not None else []
        status = self._end()
        if kind is None and status not in (0, -signal.SIGTERM):
            raise AssertionError(f'the program ended with {status}: {self.log.read_text()}')
        if kind is None and self._criticals():
            raise AssertionError('\n'.join(self._criticals()))
        if kind is not None:
            print('# ' + self.log.read_text(errors='replace').replace('\n', '\n# '))
            print('# ' + '\n# '.join(seen), flush=True)
        self.folder.cleanup()

    def _criticals(self):
        lines = self.log.read_text(errors='replace').splitlines()
        return [line for line in lines if '-CRITICAL **' in line and not any(words in line for words in GTKS_OWN)]

    def _end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return 'no end within 20 s of SIGTERM'

    def _find_app(self):
        if self.process.poll() is not None:
            raise AssertionError(f'the program ended with {self.process.returncode}: {self.log.read_text()}')
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(i)
            if child and child.get_process_id() == self.process.pid:
                return child
        return None

    # ---- finding ----

    def walk(self, root=None):
        """Everything that is showing, in reading order."""
        stack = [root or self.app]
        while stack:
            node = stack.pop()
            try:
                children = [node.get_child_at_index(i) for i in range(node.get_child_count())]
                yield node
            except GLib.Error:
                continue
            stack.extend(child for child in reversed(children) if child)

    def find_all(self, role, name=None, root=None):
        found = []
        name = name and re.sub('^_(.*) \\1$', '\\1', name)
        for node in self.walk(root):
            try:
                if role_of(node) == role and name in (None, node.get_name()) and showing(node):
                    found.append(node)
            except GLib.Error:
                pass
        return found

    def find(self, role, name=None, root=None):
        return next(iter(self.find_all(role, name, root)), None)

    def get(self, role, name=None, root=None, patience=PATIENCE):
        return wait_for(f'{role} “{name}”', lambda: self.find(role, name, root), patience)

    def texts(self, root=None):
        """The words of all labels that are showing."""
        out = []
        for node in self.walk(root):
            try:
                if role_of(node) in ('label', 'static', 'heading', 'text') and showing(node):
                    out.append(text_of(node))
            except GLib.Error:
                pass
        return out

    def has_text(self, fragment):
        return any(fragment in text for text in self.texts())

    def nameless(self, root=None):
        """The controls of which a screen reader cannot tell what they are, each with what lies around it."""
        found = []
        for node in self.walk(root):
            try:
                name = node.get_name() or ''
                role = role_of(node)
                # GTK underlines a letter with a "_", which is not to be read
                wrong = role in CONTROLS and (not name.strip() or name.startswith('_'))
                mistyped = role in CONTROLS | MAY_BE_NAMELESS and TYPE_NAME.fullmatch(name)
                if (wrong or mistyped) and showing(node):
                    around = [node]
                    while len(around) < 5 and around[-1].get_parent():
                        around.append(around[-1].get_parent())
                    found.append(' < '.join(f'{role_of(each)} “{each.get_name()}”' for each in around))
            except GLib.Error:
                pass
        return found

    def dump(self):
        lines = []
        for node in self.walk():
            try:
                lines.append(f'{role_of(node)} “{node.get_name()}” {text_of(node)[:80]!r}')
            except GLib.Error:
                pass
        return lines

    # ---- doing ----

    def press(self, name, role='push button', root=None):
        """Activates a button as soon as it can be; of a dialog, where there is one that has such a button."""
        def attempt():
            for place in [root] if root else [*self.find_all('dialog'), None]:
                for button in self.find_all(role, name, place):
                    if is_sensitive(button):
                        return button.get_action_iface().do_action(0)
            return False
        wait_for(f'{role} “{name}” to be pressed', attempt)

    def composer(self):
        return self.get('text', 'Question')

    def ask(self, question):
        view = self.composer()
        assert view.get_editable_text_iface().set_text_contents(question)
        self.press('Send')

    def key(self, symbol, *modifiers):
        """A key, as a hand would press it: "s", "Return"."""
        codes = [MODIFIERS[modifier] for modifier in modifiers]
        value = Gdk.keyval_from_name(symbol)
        for code in codes:
            Atspi.generate_keyboard_event(code, None, Atspi.KeySynthType.PRESS)
        assert Atspi.generate_keyboard_event(value, None, Atspi.KeySynthType.SYM)
        for code in reversed(codes):
            Atspi.generate_keyboard_event(code, None, Atspi.KeySynthType.RELEASE)

    @staticmethod
    def activate(action, *parameter):
        """As a menu would: "win.models" or "app.preferences"."""
        group, name = action.split('.')
        path = {'app': '/dev/riposte/Riposte', 'win': '/dev/riposte/Riposte/window/1'}[group]
        parameter = [GLib.Variant('s', each) for each in parameter]
        Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            'dev.riposte.Riposte', path, 'org.gtk.Actions', 'Activate',
            GLib.Variant('(sava{sv})', (name, parameter, {})), None, Gio.DBusCallFlags.NONE, -1)

    def select(self, row):
        """A row of a list."""
        assert Atspi.Selection.select_child(row.get_parent(), row.get_index_in_parent())

    def type(self, text):
        for letter in text:
            self.key({' ': 'space'}.get(letter, letter))

    def answers(self):
        return self.find_all('panel', 'Answer')

    def answer_text(self, index=-1):
        answers = self.answers()
        return '\n'.join(self.texts(answers[index])) if answers else ''

    def is_busy(self):
        stop = self.find('push button', 'Stop')
        return stop is not None and is_sensitive(stop)


def showing(node):
    """GTK 4.8 says of everything that it shows; what never had a size was never seen."""
    extents = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
    return extents.width > 0 and extents.height > 0


def is_sensitive(node):
    return node.get_state_set().contains(Atspi.StateType.SENSITIVE)


def text_of(node):
    text = node.get_text_iface()
    if text is None:
        return node.get_name() or ''
    return Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text))
