"""A display 360 pixels wide with text twice as large: what is cut off there, or has no room beside something else."""
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Atspi, GLib, Window, role_of, small_model, wait_for  # noqa: E402
import chats  # noqa: E402
from chats import chat  # noqa: E402
from tap import case, main  # noqa: E402

BORDER = 5  # which GTK draws where there is no compositing
WIDTH = int(os.environ['RIPOSTE_UI_SCREEN'].split('x')[0])
LONG_NAME = 'a-model-whose-name-is-so-long-that-no-menu-has-room-for-it-Instruct-2507-Q4_K_M'
TABLE = '| name | memory, maximum |\n|---|---|\n| quicksort | x |\n'


class Filled(chats.Filled):
    chats = [chat('table', 'A table', 0, 'Which?', TABLE), chat('long', 'Long', 1, *['So many words. ' * 60] * 8)]


def place_of(node):
    return Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)


def cut_off(window, top):
    """What of a window lies beyond its edges, or its display's."""
    found = []
    for node in window.walk(top):
        try:
            role, place = role_of(node), place_of(node)
            if (role in ('list item', 'combo box', 'text', 'spin button', 'switch') and place.width > 0
                    and not 0 <= place.x <= place.x + place.width <= WIDTH - 2 * BORDER):
                found.append(f'{role} “{node.get_name()}”: {place.x} to {place.x + place.width}')
        except GLib.Error:  # it has just gone
            pass
    return found


def assert_in_view(node):
    place = wait_for(f'the place of “{node.get_name()}”', lambda: place_of(node).width > 0 and place_of(node))
    assert 0 <= place.x <= place.x + place.width <= WIDTH - 2 * BORDER, (node.get_name(), place.x, place.width)
    return place


def opened(window, words):
    """The window that has these words, of those besides the first."""
    tops = [window.app.get_child_at_index(i) for i in range(window.app.get_child_count())]
    return next((top for top in tops if top != window.frame and words in window.texts(top)), None)


@case
def dialogs_have_room():
    dialogs = (('app.preferences', 'Keep Awake While Answering'), ('app.services', 'Let a Service Answer'),
               ('app.shortcuts', 'Rename the chat'), ('win.models', 'To Download'), ('win.presets', 'Sampling'))
    with Window() as window:
        for action, words in dialogs:
            window.activate(action)
            top = wait_for(f'“{words}”', lambda: opened(window, words))
            wait_for(f'its place ({action})', lambda: place_of(top).width > 0)
            assert place_of(top).width <= WIDTH, (action, place_of(top).width)
            assert not cut_off(window, top), (action, cut_off(window, top))
            window.key('Escape')
            wait_for('it to close', lambda: not opened(window, words))


@case
def a_preset_says_in_few_lines_what_a_number_is():
    with Window() as window:
        window.activate('win.presets')
        words = 'Draw from the likeliest words that hold this share; 1 is off'
        label = wait_for('the number', lambda: window.find('label', words))
        assert place_of(label).width > WIDTH / 2, place_of(label).width
        number = wait_for('its value', lambda: window.find('spin button', 'Top P') or True)
        assert number is True, 'it is shown where it is not set'
        switch = next(node for role in ('switch', 'check box', 'toggle button')
                      for node in window.find_all(role, 'Set Top P'))
        switch.get_action_iface().do_action(0)
        wait_for('its value', lambda: window.find('spin button', 'Top P'))


@case
def a_long_name_has_room_in_the_menu_of_models():
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / f'{LONG_NAME}.gguf'
        model.symlink_to(small_model())
        with Window('--model', model, '--device', 'cpu') as window:
            wait_for('the model', lambda: window.has_text('Smol') or window.has_text('Processor'))
            window.key('m', 'alt')
            item = wait_for('its name', lambda: next(
                (node for role in ('radio menu item', 'menu item') for node in window.find_all(role)
                 if node.get_name().endswith('Q4_K_M')), None))
            assert place_of(item).width < WIDTH, (item.get_name(), place_of(item).width)


@case
def a_page_with_buttons_has_room():
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / f'{LONG_NAME}.gguf'
        model.write_text('I am no model.\n' * 100)
        with Window('--model', model) as window:
            assert_in_view(wait_for('what to do', lambda: window.find('push button', 'Choose Another Model…')))


@case
def the_buttons_of_the_room_dialog_lie_beside_each_other():
    with Filled('--model', small_model(), '--device', 'cpu', '--ctx', '512') as window:
        window.select(wait_for('the chat', lambda: window.find('list item', 'Long')))
        wait_for('the model and the answers', lambda: window.has_text('Smol') and window.answers())
        window.activate('win.make-room')
        window.press('New Chat with a Summary')
        dialog = wait_for('the page of the summary', lambda: opened(window, 'Begin New Chat'))
        one, other = (assert_in_view(wait_for(name, lambda: window.find('push button', name, dialog)))
                      for name in ('Cancel', 'Begin New Chat'))
        assert one.y + one.height <= other.y or one.x + one.width <= other.x, (one.x, one.width, other.x, other.y)


@case
def a_table_is_as_high_as_its_text():
    with Filled() as window:
        window.select(wait_for('the chat', lambda: window.find('list item', 'A table')))
        cells = [wait_for(f'“{words}”', lambda: window.find('label', words)) for words in ('name', 'quicksort')]
        heights = wait_for('heights', lambda: [place_of(cell).height for cell in cells])
        assert heights[0] < heights[1] * 1.5, heights


# as a desktop says so that has no settings daemon
(Path(os.environ['HOME']) / '.Xdefaults').write_text('Xft.dpi: 192\n')

if __name__ == '__main__':
    main()
