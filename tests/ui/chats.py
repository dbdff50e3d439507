"""Chats to fill the window with: an archive, and the way in."""
import json
import time

from window import Atspi, GLib, is_sensitive, text_of, wait_for
from gi.repository import Gio

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


def name_file(window, button, path, slash=False):
    """In the dialog that asks for a file."""
    def field():
        entry = focused_entry(window)
        if not entry and slash:
            window.key('slash')  # it is lost while the dialog still reads its folder
            time.sleep(0.5)
        return entry or focused_entry(window)
    wait_for('the dialog', lambda: window.find('push button', button))
    entry = wait_for('the field for a name', field)
    assert entry.get_editable_text_iface().set_text_contents(str(path))
    wait_for('the name', lambda: text_of(entry) == str(path))
    wait_for('the button', lambda: is_sensitive(window.find('push button', button)))
    window.press(button)


def import_file(window, path):
    """By the action itself: with no window manager the keys are lost once a dialog has gone."""
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.call_sync('dev.riposte.Riposte', '/dev/riposte/Riposte/window/1', 'org.gtk.Actions', 'Activate',
                  GLib.Variant('(sava{sv})', ('import-chats', [], {})), None, Gio.DBusCallFlags.NONE, -1)
    name_file(window, '_Import Import', path, slash=True)
