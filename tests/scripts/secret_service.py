#!/usr/bin/env python3
"""A keyring that does not do what is asked of it, on the session bus.

secret_service.py [--wrong METHOD=HOW]… [--has ORIGIN=KEY] LOG [COMMAND…]: runs the command, if any, while it stands there,
and ends with the command's status; the names of the methods that were called go to LOG. It is locked, and HOW is dismiss
(of Prompt), die or wait. Without --wrong it is unlocked when asked, and has what was stored, in memory."""
import os
import signal
import subprocess
import sys

from gi.repository import Gio, GLib

ROOT = '/org/freedesktop/secrets'
COLLECTION, SESSION, PROMPT = ROOT + '/collection/kept', ROOT + '/session/1', ROOT + '/prompt/1'
XML = '''<node>
<interface name="org.freedesktop.Secret.Service">
 <method name="OpenSession"><arg type="s" direction="in"/><arg type="v" direction="in"/>
  <arg type="v" direction="out"/><arg type="o" direction="out"/></method>
 <method name="SearchItems"><arg type="a{ss}" direction="in"/><arg type="ao" direction="out"/>
  <arg type="ao" direction="out"/></method>
 <method name="Unlock"><arg type="ao" direction="in"/><arg type="ao" direction="out"/><arg type="o" direction="out"/></method>
 <method name="GetSecrets"><arg type="ao" direction="in"/><arg type="o" direction="in"/>
  <arg type="a{o(oayays)}" direction="out"/></method>
 <method name="ReadAlias"><arg type="s" direction="in"/><arg type="o" direction="out"/></method>
 <property name="Collections" type="ao" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Collection">
 <method name="CreateItem"><arg type="a{sv}" direction="in"/><arg type="(oayays)" direction="in"/>
  <arg type="b" direction="in"/><arg type="o" direction="out"/><arg type="o" direction="out"/></method>
 <property name="Items" type="ao" access="read"/>
 <property name="Locked" type="b" access="read"/>
</interface>
<interface name="org.freedesktop.Secret.Session"><method name="Close"/></interface>
<interface name="org.freedesktop.Secret.Prompt">
 <method name="Prompt"><arg type="s" direction="in"/></method><method name="Dismiss"/>
 <signal name="Completed"><arg type="b"/><arg type="v"/></signal>
</interface></node>'''


class Keyring:
    def __init__(self, wrong, log):
        self.wrong, self.log = wrong, log
        self.locked, self.items, self.unlocking = True, {}, []
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        interfaces = {info.name.split('.')[-1]: info for info in Gio.DBusNodeInfo.new_for_xml(XML).interfaces}
        for path, name in ((ROOT, 'Service'), (COLLECTION, 'Collection'), (ROOT + '/aliases/default', 'Collection'),
                           (SESSION, 'Session'), (PROMPT, 'Prompt')):
            self.bus.register_object(path, interfaces[name], self.called, self.get_property, None)
        reply = self.bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'RequestName',
                                   GLib.Variant('(su)', ('org.freedesktop.secrets', 4)), None, 0, 60000, None)
        assert reply.unpack() == (1,), reply

    def get_property(self, bus, sender, path, interface, name):
        return {'Collections': GLib.Variant('ao', [COLLECTION]), 'Items': GLib.Variant('ao', list(self.items)),
                'Locked': GLib.Variant('b', self.locked)}[name]

    def called(self, bus, sender, path, interface, method, parameters, invocation):
        with open(self.log, 'a', encoding='utf-8') as log:
            log.write(method + '\n')
        how = self.wrong.get(method)
        if how == 'die':
            self.bus.set_exit_on_close(False)
            self.bus.close_sync(None)
        elif how != 'wait':
            getattr(self, method)(invocation, *parameters.unpack())

    def OpenSession(self, invocation, algorithm, _):
        if algorithm != 'plain':
            invocation.return_dbus_error('org.freedesktop.DBus.Error.NotSupported', 'only plain')
        else:
            invocation.return_value(GLib.Variant('(vo)', (GLib.Variant('s', ''), SESSION)))

    def SearchItems(self, invocation, wanted):
        found = [path for path, (attributes, _) in self.items.items() if wanted.items() <= attributes.items()]
        invocation.return_value(GLib.Variant('(aoao)', ([], found) if self.locked else (found, [])))

    def Unlock(self, invocation, paths):
        self.unlocking = paths
        invocation.return_value(GLib.Variant('(aoo)', ([], PROMPT) if self.locked else (paths, '/')))

    def GetSecrets(self, invocation, paths, session):
        secrets = {path: (session, b'', self.items[path][1], 'text/plain') for path in paths}
        invocation.return_value(GLib.Variant('(a{o(oayays)})', (secrets,)))

    def ReadAlias(self, invocation, _):
        invocation.return_value(GLib.Variant('(o)', (COLLECTION,)))

    def CreateItem(self, invocation, properties, secret, _):
        if self.locked:
            invocation.return_dbus_error('org.freedesktop.Secret.Error.IsLocked', 'It is locked')
            return
        path = f'{COLLECTION}/{len(self.items)}'
        self.items[path] = (properties['org.freedesktop.Secret.Item.Attributes'], bytes(secret[2]))
        invocation.return_value(GLib.Variant('(oo)', (path, '/')))

    def Close(self, invocation):
        invocation.return_value(None)

    def Dismiss(self, invocation):
        invocation.return_value(None)

    def Prompt(self, invocation, _):
        dismissed = self.wrong.get('Prompt') == 'dismiss'
        self.locked = self.locked and dismissed
        invocation.return_value(None)
        self.bus.emit_signal(None, PROMPT, 'org.freedesktop.Secret.Prompt', 'Completed', GLib.Variant(
            '(bv)', (dismissed, GLib.Variant('ao', [] if dismissed else self.unlocking))))


def main(arguments):
    given = {'--wrong': {}, '--has': {}}
    while arguments[0] in given:
        name, value = arguments[1].split('=')
        given[arguments[0]][name] = value
        arguments = arguments[2:]
    loop = GLib.MainLoop()
    keyring = Keyring(given['--wrong'], arguments[0])
    for origin, key in given['--has'].items():
        keyring.items[COLLECTION + '/0'] = ({'xdg:schema': 'dev.riposte.Riposte.Key', 'origin': origin}, key.encode())
    status = []
    if arguments[1:]:
        child = subprocess.Popen(arguments[1:])
        GLib.child_watch_add(GLib.PRIORITY_DEFAULT, child.pid, lambda _, status_: (status.append(status_), loop.quit()))
    else:
        print('ready', flush=True)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    loop.run()
    return os.waitstatus_to_exitcode(status[0]) if status else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
