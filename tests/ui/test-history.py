"""The list of chats through the real window: names, pins, deleting, searching, files."""
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Atspi, Window, is_sensitive, text_of, wait_for  # noqa: E402
import chats  # noqa: E402
from chats import DAY, archive, chat, focused_entry, import_file, name_file  # noqa: E402
from tap import case, main  # noqa: E402

LONG = [text for i in range(40) for text in (
    f'Question {i}', f'Answer {i}. ' + 'So many words. ' * 40 + ('The zebrafish is here.' if i == 3 else ''))]
CHATS = [
    chat('now', 'Reverse a string', 5 / DAY, 'How?', 'With the walrus of slicing.', '<', 'With reversed().'),
    chat('before', 'Makefile basics', 1, 'What is make?\n\nAttached: notes.txt\n```txt\nof wombats\n```',
         '<think>\nDo quokkas make?\n</think>\n\nA list of rules.'),
    chat('long', 'Many words', 4, *LONG),
    chat('old', 'Old things', 1000, 'Was it?', 'It was.', pinned=True),
]


def rows(window):
    return [row.get_name() for row in window.find_all('list item')]


def wait_for_rows(window, *names):
    wait_for(f'the rows {names}', lambda: rows(window) == list(names))


def select(window, title):
    window.select(wait_for(f'“{title}” in the list', lambda: window.find('list item', title)))
    wait_for(f'“{title}” to be open', lambda: title in window.texts() and window.answers())


def choose(window, *steps):
    """From the main menu: the letters that are underlined, each with an item that its menu shows before it."""
    window.key('F10')
    for letter, item in steps:
        wait_for(f'“{item}” in the menu', lambda: window.find('menu item', item))
        window.key(letter)


class Filled(chats.Filled):
    chats = CHATS


@case
def chats_stand_below_their_days():
    with Filled() as window:
        wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Makefile basics', 'Many words')
        down = ['Pinned', 'Old things', 'Today', 'New Chat', 'Yesterday', 'Makefile basics', 'Last 7 Days', 'Many words']

        def place(name):
            node = window.find('list item', name) or window.find('label', name)
            return Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW).y
        wait_for('headings above their rows', lambda: sorted(down[1:], key=place) == down[1:])
        for heading, name in zip(down[::2], down[1::2]):
            assert window.find('list item', name).get_description() == heading, name
        assert window.find('image', 'Pinned')


@case
def a_chat_is_renamed_and_pinned_and_stays_so():
    with tempfile.TemporaryDirectory() as home:
        with Filled(data_home=home) as window:
            select(window, 'Makefile basics')
            window.key('F2')
            entry = window.get('text', 'Title')
            assert text_of(entry) == 'Makefile basics'
            entry.get_editable_text_iface().set_text_contents('Make it so')
            window.press('Rename')
            wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Make it so', 'Many words')
            window.key('d', 'ctrl')
            wait_for_rows(window, 'Make it so', 'Old things', 'New Chat', 'Reverse a string', 'Many words')
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0
        with Window(data_home=home) as window:
            wait_for_rows(window, 'Make it so', 'Old things', 'New Chat', 'Reverse a string', 'Many words')
            select(window, 'Make it so')
            window.key('d', 'ctrl')
            wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Make it so', 'Many words')


@case
def a_deleted_chat_can_be_brought_back():
    with tempfile.TemporaryDirectory() as home:
        with Filled(data_home=home) as window:
            for title in ('Many words', 'Makefile basics'):
                select(window, title)
                window.key('Delete', 'ctrl', 'shift')
                wait_for('the way back', lambda: window.has_text(f'“{title}” deleted'))
                if title == 'Makefile basics':
                    window.press('Undo')
                else:
                    wait_for('it to be gone', lambda: title not in rows(window))
            wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Makefile basics')
            wait_for('its answer', lambda: 'A list of rules.' in window.answer_text())
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0
        with Window(data_home=home) as window:
            wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Makefile basics')


def search(window, words):
    window.key('f', 'ctrl', 'shift')
    entry = wait_for('the field', lambda: focused_entry(window))
    entry.get_editable_text_iface().set_text_contents(words)


def is_in_view(window, fragment):
    """Inside of the window, and not merely laid out below it."""
    frame = Atspi.Component.get_extents(window.frame, Atspi.CoordType.WINDOW)
    for node in window.walk():
        if node.get_role_name() == 'label' and fragment in text_of(node):
            place = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
            if place.height > 0 and place.y + place.height > 0 and place.y < frame.height:
                return True
    return False


def selected_text(window):
    for node in window.walk():
        text = node.get_text_iface()
        editable = node.get_state_set().contains(Atspi.StateType.EDITABLE)
        if node.get_role_name() in ('label', 'text') and not editable and text and Atspi.Text.get_n_selections(text):
            marked = Atspi.Text.get_selection(text, 0)
            return Atspi.Text.get_text(text, marked.start_offset, marked.end_offset)
    return None


@case
def many_chats_are_all_there():
    with tempfile.TemporaryDirectory() as folder, Window() as window:
        path = Path(folder) / 'many.json'
        path.write_text(archive([chat(f'c{i}', f'Chat {i}', 2, 'Q', f'A {i}') for i in range(180)]))
        import_file(window, path)
        wait_for_rows(window, 'New Chat', *(f'Chat {i}' for i in range(180)))
        wait_for('the first one', lambda: window.answer_text().startswith('A 0'))


@case
def a_search_leads_to_the_message():
    with Filled() as window:
        search(window, 'ZEBRAFISH')
        wait_for('the result', lambda: window.has_text('1 result'))
        assert [row for row in rows(window) if 'zebrafish' in row], rows(window)
        assert not window.has_text('Answer 3.')
        window.key('Return')
        wait_for('the message', lambda: is_in_view(window, 'The zebrafish is here.') and window.has_text('Answer 3.'))
        assert not is_in_view(window, 'Answer 30.')
        wait_for('the word to be selected', lambda: selected_text(window) == 'zebrafish')
        search(window, 'nothing of the kind')
        wait_for('the page that says so', lambda: window.has_text('Nothing Found'))
        window.key('Escape')
        wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Makefile basics', 'Many words')


@case
def a_search_unfolds_what_it_found():
    with Filled() as window:
        for word in ('quokkas', 'wombats'):
            assert word not in ' '.join(window.texts(window.frame)), window.texts()
            search(window, word)
            wait_for('the result', lambda: window.has_text('1 result'))
            window.key('Return')
            wait_for(f'“{word}” to be selected', lambda: selected_text(window) == word)


@case
def a_search_leads_to_another_branch():
    with Filled() as window:
        select(window, 'Reverse a string')
        wait_for('the newer answer', lambda: window.answer_text().startswith('With reversed()'))
        search(window, 'walrus')
        wait_for('the result', lambda: window.has_text('1 result'))
        window.key('Down')
        window.key('Return')
        wait_for('the older answer', lambda: 'walrus' in window.answer_text())


@case
def titles_are_found_as_well():
    with Filled() as window:
        search(window, 'old thi')
        wait_for('the result', lambda: window.has_text('1 result'))
        window.key('Return')
        wait_for('the chat', lambda: 'It was.' in window.answer_text())


@case
def all_chats_go_to_a_file_and_come_back():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'all.json'
        with Filled() as window:
            choose(window, ('x', 'Export'), ('c', 'All Chats as JSON…'))
            name_file(window, 'Export', path)
            wait_for('the toast', lambda: window.has_text('Exported'))
            written = json.loads(path.read_text())
            assert [len(chat['messages']) for chat in written['conversations']] == [3, 2, 80, 2]
            assert written['conversations'][0]['messages'][0]['text'] == 'How?'
            import_file(window, path)
            wait_for('the toast', lambda: window.has_text('All of these chats were there already'))
            wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Makefile basics', 'Many words')
        with Window() as window:
            import_file(window, path)
            wait_for_rows(window, 'Old things', 'New Chat', 'Reverse a string', 'Makefile basics', 'Many words')


@case
def one_chat_becomes_markdown():
    with tempfile.TemporaryDirectory() as folder, Filled() as window:
        path = Path(folder) / 'one.md'
        select(window, 'Makefile basics')
        choose(window, ('x', 'Export'), ('m', 'This Chat as Markdown…'))
        name_file(window, 'Export', path)
        wait_for('the file', path.exists)
        lines = wait_for('the text', lambda: path.read_text().splitlines())
        assert lines[0] == '# Makefile basics' and '> What is make?' in lines and 'A list of rules.' in lines, lines


@case
def a_file_that_cannot_be_imported_is_one_clear_message():
    good = archive(CHATS[1:2])
    bad = {
        'not JSON': 'These are no chats',
        'other JSON': '{"a": [1, 2]}',
        'cut short': good[:-20],
        'newer': good.replace('"version": 1', '"version": 99'),
        'half sound': archive(CHATS[:1] + [chat('x', 'X', 0, 'Q')] + [dict(CHATS[1], messages=[
            {'id': 'l', 'parent': 'l', 'role': 'user', 'text': 'A loop'}])]),
        'deep': '[' * 200000,
    }
    with tempfile.TemporaryDirectory() as folder, Window() as window:
        for name, text in bad.items():
            path = Path(folder) / f'{name}.json'
            path.write_text(text)
            import_file(window, path)
            wait_for(f'the message about {name}', lambda: window.has_text('This File Cannot Be Imported'))
            if name == 'newer':
                assert window.has_text('99'), window.texts()
            window.press('Close')
            wait_for('the dialog to go', lambda: not window.has_text('This File Cannot Be Imported'))
            assert rows(window) == ['New Chat'], (name, rows(window))


@case
def what_a_file_says_of_settings_and_attachments_may_be_odd():
    odd = chat('odd', 'Odd', 0, 'How?', 'So.', 'And?')
    odd['settings'] = {'temperature': 'hot', 'system': [1, 2], 'preset': {'x': 1}, 'top-p': 1e308}
    odd['messages'][0]['attachments'] = [1, 'x', None, {'name': 5}, {'text': None}, {'name': '\u202e/../b', 'text': 'y'}]
    odd['messages'][2]['attachments'] = {'a': [[[]]]}
    with tempfile.TemporaryDirectory() as folder, Window() as window:
        path = Path(folder) / 'odd.json'
        path.write_text(archive([odd]))
        import_file(window, path)
        wait_for('its messages', lambda: window.has_text('How?') and window.has_text('And?'))


@case
def what_makes_no_sense_cannot_be_done():
    with Window() as window:
        wait_for_rows(window, 'New Chat')
        for key in (('F2',), ('d', 'ctrl'), ('Delete', 'ctrl', 'shift')):
            window.key(*key)
        time.sleep(0.5)
        assert rows(window) == ['New Chat'] and not window.find('text', 'Title')
        assert is_sensitive(window.get('push button', 'New Chat'))


if __name__ == '__main__':
    main()
