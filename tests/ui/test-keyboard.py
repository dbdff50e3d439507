"""Where the focus goes without a pointer, and what the wheel does."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Atspi, Window, role_of, small_model, text_of, wait_for  # noqa: E402
import chats  # noqa: E402
from chats import chat  # noqa: E402
from tap import case, main  # noqa: E402

TABLE = '| way | cost |\n|---|---|\n' + '| a very long way to say so, and longer | 1 |\n' * 30
CHATS = [
    chat('versions', 'Versions', 0, 'Which?', 'The first.', '<', 'The second.', '<', 'The third.'),
    chat('table', 'A table', 0, 'All of them?', f'Above.\n\n{TABLE}\nBelow.'),
]


def is_focused(node):
    return node.get_state_set().contains(Atspi.StateType.FOCUSED)


def focused(window):
    """Of all that has the focus, also what lies around it, the innermost."""
    return next(iter([node for node in window.walk() if is_focused(node)][::-1]), None)


def has_focus(window, name):
    node = focused(window)
    return node is not None and node.get_name() == name


class Filled(chats.Filled):
    chats = CHATS


def select(window, title):
    window.select(wait_for(f'“{title}” in the list', lambda: window.find('list item', title)))
    wait_for(f'“{title}” to be open', lambda: title in window.texts() and window.answers())


def walk_to(window, name, *modifiers):
    """With the Tab key."""
    for _ in range(40):
        before = wait_for('a focus', lambda: focused(window))
        if before.get_name() == name:
            return
        window.key('Tab', *modifiers)
        wait_for(f'the focus to leave “{before.get_name()}”', lambda: focused(window) not in (None, before))
    raise AssertionError(f'the Tab key does not lead to “{name}”')


@case
def the_focus_stays_where_versions_are_switched():
    with Filled() as window:
        select(window, 'Versions')
        wait_for('the last', lambda: window.has_text('3/3'))
        wait_for('the focus in the composer', lambda: has_focus(window, 'Question'))
        walk_to(window, 'Previous Version', 'shift')
        for position in ('2/3', '1/3'):
            window.key('space')
            wait_for(position, lambda: window.has_text(position))
            # the first has none before it: the focus goes to the button beside
            expected = 'Next Version' if position == '1/3' else 'Previous Version'
            wait_for(f'the focus at “{expected}”', lambda: has_focus(window, expected))
        walk_to(window, 'Delete from Here On')
        window.key('space')
        wait_for('two to be left', lambda: not window.has_text('1/3'))
        wait_for('the focus in the composer', lambda: has_focus(window, 'Question'))


ALL = """**Bold** and `code`, a [link](https://example.com/x), $x^2$.

```python
def f(): return 1
```

| a | b |
|---|---|
| 1 | 2 |

- [x] done

$$\\sum_{i=0}^n i$$
"""


class Everything(chats.Filled):
    chats = [chat('all', 'Everything', 0, 'How?', '<think>Hm.</think>So.', '<', ALL)]


def expect_names(window, place, root=None):
    """What is about to vanish, or not yet bound to what it shows, is looked at again."""
    found = []

    def all_named():
        found[:] = window.nameless(root)
        return not found
    try:
        wait_for('names', all_named, 20)
    except AssertionError:
        raise AssertionError(f'nameless in {place}: {found}')


def opened(window, words):
    """The window that has these words, of those besides the first."""
    return next((top for top in children(window.app) if top != window.frame and words in window.texts(top)), None)


def children(node):
    return [node.get_child_at_index(i) for i in range(node.get_child_count())]


@case
def every_control_says_what_it_is():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'hello.py'
        file.write_text('print("hello")\n')
        with Everything(file) as window:
            wait_for('the file', lambda: window.has_text('hello.py'))
            expect_names(window, 'the window without a model')
            select(window, 'Everything')
            wait_for('the formula', lambda: window.find('math'))
            expect_names(window, 'an answer')
            window.press('Previous Version')
            wait_for('the thought', lambda: window.has_text('Thought'))
            expect_names(window, 'an answer with a thought')
            for key, item in ((('F10',), 'New Chat'), (('m', 'alt'), 'Manage Models…')):
                window.key(*key)
                wait_for(f'“{item}” in the menu', lambda: window.find('menu item', item))
                expect_names(window, f'the menu with “{item}”')
                window.key('Escape')
                wait_for('the menu to close', lambda: not window.find('menu item', item))
            window.key('h', 'ctrl')
            expect_names(window, 'find and replace')
            window.key('f', 'ctrl', 'shift')
            wait_for('the field', lambda: chats.focused_entry(window))
            chats.focused_entry(window).get_editable_text_iface().set_text_contents('so')
            wait_for('the result', lambda: window.has_text('1 result'))
            expect_names(window, 'the search')


@case
def every_control_of_a_dialog_says_what_it_is():
    dialogs = (
        ('app.preferences', 'Keep Awake While Answering'),
        ('app.services', 'Let a Service Answer'),
        ('app.shortcuts', 'Rename the chat'),
        ('app.about', 'The Riposte developers'),
        ('win.models', 'To Download'),
        ('win.presets', 'Use It Where a Chat Chooses None'),
        ('win.chat-settings', 'Settings of This Chat'),
        ('win.rename-chat', 'Rename Chat'),
        ('win.select-text', 'Select Text'),
    )
    with Everything() as window:
        select(window, 'Everything')
        for action, words in dialogs:
            window.activate(action)
            expect_names(window, action, wait_for(f'“{words}”', lambda: opened(window, words)))
            window.key('Escape')
            wait_for(f'the Escape key to close {action}', lambda: not opened(window, words))


PATCH = """```diff
--- a/hello.py
+++ b/hello.py
@@ -1 +1 @@
-print("hello")
+print("hello, world")
```
"""


@case
def a_notice_is_called_by_what_it_says():
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / 'riposte' / 'conversations.db'
        path.parent.mkdir()
        path.write_bytes(b'no database' * 1000)
        with Window(data_home=home) as window:
            wait_for('the notice', lambda: window.find('push button', 'Set Aside and Start Anew'))
            expect_names(window, 'a window with a notice')
            wait_for('its name', lambda: any('damaged' in notice.get_name() for notice in window.find_all('alert')))


class Long(chats.Filled):
    chats = [chat('long', 'Long', 0, *['So many words. ' * 60] * 8)]


@case
def every_control_of_the_room_dialog_says_what_it_is():
    with Long('--model', small_model(), '--device', 'cpu', '--ctx', '512') as window:
        wait_for('the model', lambda: window.has_text('Processor: '))
        select(window, 'Long')
        window.activate('win.make-room')
        dialog = wait_for('what does not fit', lambda: opened(window, 'Leave Out the Oldest Messages'))
        expect_names(window, 'the room dialog', dialog)
        window.key('Escape')
        wait_for('it to close', lambda: not opened(window, 'Leave Out the Oldest Messages'))


class Patched(chats.Filled):
    chats = [chat('patch', 'A patch', 0, 'How?', PATCH)]


def pop_up(window, name):
    # a menu button is a widget that holds the button
    window.find_all('push button', name)[-1].get_action_iface().do_action(0)


@case
def every_control_of_a_menu_and_of_a_patch_says_what_it_is():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'hello.py'
        file.write_text('print("hello")\n')
        with Patched(file) as window:
            wait_for('the file', lambda: window.has_text('hello.py'))
            select(window, 'A patch')
            for button, item in (('Attach', 'Files…'), ('File Menu', 'Go to Line…')):
                pop_up(window, button)
                wait_for(f'“{item}” in the menu', lambda: window.find('menu item', item))
                expect_names(window, f'the menu with “{item}”')
                window.key('Escape')
                wait_for('the menu to close', lambda: not window.find('menu item', item))
            window.press('Apply Code to a File')
            dialog = wait_for('the changes', lambda: opened(window, '1 line added, 1 line removed'))
            expect_names(window, 'a patch', dialog)
            wait_for('the focus in it', lambda: has_focus(window, 'Changes'))
            window.key('Return')
            wait_for('it to be applied', lambda: 'world' in text_of(window.get('text', 'Text Editor')))


def pane(window):
    """Where the focus is: in the list, the question or the editor."""
    node = focused(window)
    return node and {'list item': 'list', 'text': node.get_name()}.get(role_of(node), role_of(node))


@case
def the_focus_moves_between_panes_and_leaves_the_editor():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'hello.py'
        file.write_text('print("hello")\n')
        with Filled(file) as window:
            wait_for('the file', lambda: window.has_text('hello.py'))
            window.key('l', 'ctrl')
            wait_for('the focus in the composer', lambda: pane(window) == 'Question')
            round_trip = ['Text Editor', 'list', 'Question']
            for where in round_trip * 2:
                window.key('F6')
                wait_for(f'the focus to go to {where}', lambda: pane(window) == where)
            for where in ('list', 'Text Editor', 'Question'):
                window.key('F6', 'shift')
                wait_for(f'the focus to go back to {where}', lambda: pane(window) == where)
            window.key('F9')
            for where in ('Text Editor', 'Question'):
                window.key('F6')
                wait_for(f'the focus to go to {where}', lambda: pane(window) == where)


def place_of(node):
    return Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)


def cell_in_view(window):
    """Of the table, one well within the window."""
    height = place_of(window.frame).height
    return next((node for node in window.find_all('label', 'a very long way to say so, and longer')
                 if height * 0.3 < place_of(node).y < height * 0.6), None)


@case
def the_wheel_scrolls_the_conversation_also_over_a_table():
    with Filled() as window:
        select(window, 'A table')
        first = wait_for('the beginning', lambda: window.find('label', 'Above.'))
        wait_for('the end', lambda: place_of(first).y < 0)
        last = place_of(first).y
        for _ in range(100):
            cell = wait_for('a cell', lambda: cell_in_view(window))
            at = place_of(cell)
            Atspi.generate_mouse_event(at.x + 20, at.y + at.height // 2, 'abs')
            Atspi.generate_mouse_event(at.x + 20, at.y + at.height // 2, 'b4c')
            wait_for('it to scroll', lambda: place_of(first).y > last)
            last = place_of(first).y
            if last > 0:
                break
        assert last > 0, last


if __name__ == '__main__':
    main()
