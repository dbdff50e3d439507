"""drag_source.py FILE: a small window that a file can be dragged from, as from a file manager."""
import sys
from pathlib import Path

import gi
gi.require_version('Gdk', '4.0')
gi.require_version('Gtk', '4.0')
from gi.repository import Gdk, Gio, GLib, Gtk  # noqa: E402

URIS = GLib.Bytes.new((Path(sys.argv[1]).as_uri() + '\r\n').encode())


def on_activate(application):
    window = Gtk.ApplicationWindow(application=application, default_width=120, default_height=60, title='Files')
    label = Gtk.Label(label='Drag me')
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
    source.connect('prepare', lambda *_: Gdk.ContentProvider.new_for_bytes('text/uri-list', URIS))
    label.add_controller(source)
    window.set_child(label)
    window.present()


application = Gtk.Application(application_id='dev.riposte.Files', flags=Gio.ApplicationFlags.NON_UNIQUE)
application.connect('activate', on_activate)
application.run([])
