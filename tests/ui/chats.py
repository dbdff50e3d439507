"""Chats to fill the window with: an archive, and the way in."""
import json
import shutil
import tempfile
import time
from pathlib import Path

from window import Atspi, Window, is_sensitive, text_of, wait_for

DAY = 24 * 3600


def stamp(days):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - days * DAY))


def chat(name, title, days, *texts, pinned=False):
    """Questions and answers in turn; after a text "<" another answer to the same question."""
    messages, parent = [], None
    for text in texts:
        if text == '<':
            parent = messages[-1]['parent']
            continue
        answer = parent is not None and messages[[m['id'] for m in messages].index(parent)]['role'] == 'user'
        message = {'id': f'{name}-{len(messages)}', 'role': 'assistant' if answer else 'user', 'text': text,
                   'created': stamp(days)}
        if parent:
            message['parent'] = parent
        messages.append(message)
        parent = message['id']
    return {'id': name, 'title': title, 'pinned': pinned, 'updated': stamp(days), 'messages': messages}


def archive(chats):
    return json.dumps({'format': 'riposte-conversations', 'version': 1, 'conversations': chats})


def focused_entry(window):
    states = (Atspi.StateType.EDITABLE, Atspi.StateType.FOCUSED)
    return next((node for node in window.walk() if all(node.get_state_set().contains(state) for state in states)), None)


def wait_a_little(what, condition):
    try:
        return wait_for(what, condition, 10)
    except AssertionError:
        return None


def name_file(window, button, path, slash=False):
    """In the dialog that asks for a file. What is pressed while it still reads its folder may be lost."""
    def field():
        if slash and not focused_entry(window):
            window.key('slash')
        return wait_a_little('the field', lambda: focused_entry(window))

    def named():
        if not window.find('push button', button):
            return True
        if text_of(entry) != str(path):
            assert entry.get_editable_text_iface().set_text_contents(str(path))
        wait_for('the name', lambda: text_of(entry) == str(path))
        wait_for('the button', lambda: is_sensitive(window.find('push button', button)))
        window.press(button)
        return wait_a_little('the end of the dialog', lambda: not window.find('push button', button))
    wait_for('the dialog', lambda: window.find('push button', button))
    entry = wait_for('the field for a name', field)
    wait_for('the file to be taken', named)


def import_file(window, path):
    """By the action itself: with no window manager the keys are lost once a dialog has gone."""
    window.activate('win.import-chats')
    name_file(window, 'Import', path, slash=True)


class Filled(Window):
    """With the chats that a subclass names; a window before it imported them, once for all."""
    chats, kept = (), None

    def __enter__(self):
        kind = type(self)
        if not kind.kept:
            kind.kept = tempfile.TemporaryDirectory(prefix='riposte-chats-')
            with Window(data_home=kind.kept.name) as window:
                path = Path(window.folder.name) / 'chats.json'
                path.write_text(archive(self.chats))
                import_file(window, path)
                wait_for('what was imported', lambda: window.find('list item', self.chats[0]['title']))
        shutil.copytree(kind.kept.name, self.home, dirs_exist_ok=True)
        return super().__enter__()
