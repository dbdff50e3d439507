"""The window with a service that stands in: what is asked before something leaves, who is said to answer, each failure,
the network's switch, and the list of requests. The service runs on this machine, and fails in every way."""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Atspi, Window, is_sensitive, small_model, wait_for, text_of  # noqa: E402
from gi.repository import Gio  # noqa: E402
from service import Service, other_name  # noqa: E402
from tap import Skip, case, main  # noqa: E402

KEY = 'sk-canary-a91b7c'


def without_keyring():
    """The bus starts none: one that a test wants, it starts itself."""
    services = Path(os.environ['XDG_DATA_HOME']) / 'dbus-1' / 'services'
    services.mkdir(parents=True, exist_ok=True)
    (services / 'org.freedesktop.secrets.service').write_text(
        '[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/false\n')
    Gio.bus_get_sync(Gio.BusType.SESSION, None).call_sync(
        'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ReloadConfig', None, None,
        Gio.DBusCallFlags.NONE, 60000, None)


def write_settings(**values):
    """What the program finds in its settings; names with _ for -."""
    folder = Path(os.environ['XDG_CONFIG_HOME']) / 'glib-2.0' / 'settings'
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f'{name.replace("_", "-")}={value}\n' for name, value in values.items()]
    (folder / 'keyfile').write_text('[dev/riposte/Riposte]\n' + ''.join(lines))


def settings_text():
    return (Path(os.environ['XDG_CONFIG_HOME']) / 'glib-2.0' / 'settings' / 'keyfile').read_text()


def stand_in(service, name, fallback='always', known=True, seconds=30, **more):
    values = {'remote_fallback': f"'{fallback}'", 'remote_service': "'other'",
              'remote_services': f"{{'other': ('{service.url(name)}', 'some-model', uint32 0, uint32 {seconds})}}"}
    if known:
        values['remote_known'] = f"['{service.root()}']"
    write_settings(**values, **more)


def host(service):
    return service.root().removeprefix('http://')


def wait_for_end(window):
    wait_for('the answer to end', lambda: window.answers() and not window.is_busy()
             and window.find('push button', 'Try Again', window.answers()[-1]))


def open_page(window, name):
    window.key('comma', 'ctrl')
    show_page(window, name)


def show_page(window, name):
    tab = wait_for('the page ' + name, lambda: next(
        (node for role in ('page tab', 'toggle button', 'radio button') for node in window.find_all(role)
         if name in node.get_name()), None))
    tab.get_action_iface().do_action(0)


@case
def never_is_the_default_and_sends_nothing():
    with Service() as service:
        stand_in(service, 'good', fallback='never')
        with Window() as window:
            wait_for('the page', lambda: window.has_text('No Model Yet'))
            window.composer().get_editable_text_iface().set_text_contents('Hello')
            time.sleep(0.5)
            assert not is_sensitive(window.get('push button', 'Send'))
            assert window.has_text('Offline') and not window.has_text('Remote')
        assert service.requests == []


@case
def what_leaves_is_told_before_and_nothing_does_without_consent():
    with Service() as service:
        stand_in(service, 'good', fallback='ask', known=False)
        with Window() as window:
            wait_for('who would answer', lambda: window.has_text('Remote')
                     and window.has_text(f'{host(service)} · some-model'))
            window.ask('Where does this go?')
            wait_for('the question', lambda: window.has_text(f'Send to {host(service)}?'))
            wait_for('what leaves', lambda: window.has_text('1 message of this chat') and window.has_text('first time'))
            assert not window.nameless()
            window.press('Cancel')
            wait_for_end(window)
            assert 'Stopped' in window.answer_text() and service.requests == []
            window.press('Try Again')
            window.press('Send')
            wait_for('the answer', lambda: 'return s[::-1]' in window.answer_text())
            wait_for_end(window)
            assert f'some-model · {host(service)}' in window.answer_text(), window.answer_text()
            assert [turn['content'] for turn in service.requests[-1]['question']['messages']] == ['Where does this go?']
            # each time means each time
            window.ask('And this?')
            wait_for('the question again', lambda: window.has_text('3 messages of this chat'))
            assert not window.has_text('first time')
            assert len(service.requests) == 1
            window.press('Send')
            wait_for('the second request', lambda: len(service.requests) == 2)
            roles = [turn['role'] for turn in service.requests[-1]['question']['messages']]
            assert roles == ['user', 'assistant', 'user'], roles


@case
def always_asks_the_first_time_only():
    with Service() as service:
        stand_in(service, 'good', known=False)
        with Window() as window:
            window.ask('One')
            window.press('Send')
            wait_for_end(window)
            window.ask('Two')
            wait_for('the second request', lambda: len(service.requests) == 2)
            wait_for_end(window)


@case
def a_local_model_goes_first():
    with Service() as service:
        stand_in(service, 'good')
        with Window('--model', small_model(), '--device', 'cpu', '--temp', '0') as window:
            window.ask('Name one fruit.')
            wait_for('an answer', lambda: len(window.answer_text()) > 10)
            assert window.has_text('Offline')
        assert service.requests == []


def choose_in_menu(window, name):
    """In the menu of models, as a keyboard opens it."""
    window.key('m', 'alt')
    item = wait_for(f'“{name}” in the menu', lambda: menu_item(window, name))
    assert item.get_action_iface().do_action(0)


def menu_item(window, name):
    return next((node for role in ('radio menu item', 'menu item') for node in window.find_all(role)
                 if name in node.get_name()), None)


def open_again_with(window):
    wait_for_end(window)
    # a menu button is a widget that holds the button
    window.find_all('push button', 'Try Again with Another Model', window.answers()[-1])[-1] \
        .get_action_iface().do_action(0)


def shows(window, who):
    """Who answers, where the window says it: beside the status, and below the title."""
    return window.has_text('Offline' if who == 'here' else 'Remote') and (
        who == 'here' or (window.has_text(f'{who} · some-model') and window.has_text(f'some-model · {who}')))


@case
def a_service_is_chosen_for_a_chat_although_a_model_is_here():
    with Service() as service:
        stand_in(service, 'good', known=False)
        with Window('--model', small_model(), '--device', 'cpu', '--temp', '0') as window:
            wait_for('the model', lambda: window.has_text('Processor: '))
            choose_in_menu(window, f'some-model · {host(service)}')
            wait_for('who answers now', lambda: shows(window, host(service)))
            window.ask('How?')
            wait_for('what leaves', lambda: window.has_text(f'Send to {host(service)}?'))
            assert service.requests == []
            window.press('Send')
            wait_for('the answer', lambda: 'return s[::-1]' in window.answer_text())
            wait_for_end(window)
            assert f'some-model · {host(service)}' in window.answer_text()
            # another chat is another choice
            window.key('n', 'ctrl')
            wait_for('this machine', lambda: shows(window, 'here'))
            window.key('Down', 'alt')
            wait_for('the chat with the service', lambda: shows(window, host(service)))
            # and back: the model is there, and need not be loaded
            choose_in_menu(window, 'smollm2-135m')
            wait_for('this machine', lambda: shows(window, 'here'))
            assert window.has_text('Processor: ')
            window.ask('Name one fruit.')
            wait_for('an answer', lambda: len(window.answers()) == 2 and len(window.answer_text()) > 10)
            assert len(service.requests) == 1


@case
def what_was_chosen_before_a_start_sends_nothing_after_it():
    with Service() as service, tempfile.TemporaryDirectory() as home:
        stand_in(service, 'good')
        arguments = ('--model', small_model(), '--device', 'cpu', '--temp', '0')
        with Window(*arguments, data_home=home) as window:
            choose_in_menu(window, f'some-model · {host(service)}')
            window.ask('How?')
            wait_for('the answer', lambda: 'return s[::-1]' in window.answer_text())
            wait_for_end(window)
            assert shows(window, host(service))
        with Window(*arguments, data_home=home) as window:
            window.select(wait_for('the chat', lambda: next(
                (row for row in window.find_all('list item') if row.get_name() != 'New Chat'), None)))
            wait_for('its answer', lambda: f'some-model · {host(service)}' in window.answer_text())
            wait_for('this machine', lambda: shows(window, 'here'))
            window.press('Try Again')
            wait_for('an answer', lambda: len(window.answer_text()) > 10)
        assert len(service.requests) == 1


@case
def one_answer_is_tried_again_with_a_service():
    with Service() as service:
        stand_in(service, 'slow')
        with Window('--model', small_model(), '--device', 'cpu', '--temp', '0') as window:
            window.ask('Name one fruit.')
            wait_for('an answer', lambda: len(window.answer_text()) > 10)
            open_again_with(window)
            item = wait_for('the service', lambda: menu_item(window, f'some-model · {host(service)}'))
            assert item.get_action_iface().do_action(0)
            wait_for('its answer', lambda: 'return s[::-1]' in window.answer_text())
            wait_for_end(window)
            text = window.answer_text()
            assert f'some-model · {host(service)}' in text and 'return s[::-1]' in text, text
            # the next one is this machine's again
            wait_for('this machine', lambda: shows(window, 'here'))
            window.ask('Name another one.')
            wait_for('an answer', lambda: len(window.answers()) == 2 and len(window.answer_text()) > 10)
            assert len(service.requests) == 1


@case
def who_never_lets_a_service_answer_finds_none_in_the_menus():
    with Service() as service:
        stand_in(service, 'good', fallback='never')
        with Window('--model', small_model(), '--device', 'cpu', '--temp', '0') as window:
            wait_for('the model', lambda: window.has_text('smollm2-135m'))
            window.key('m', 'alt')
            wait_for('the menu', lambda: menu_item(window, 'Remote Services'))
            assert not menu_item(window, 'some-model')
            menu_item(window, 'Remote Services').get_action_iface().do_action(0)
            wait_for('why', lambda: window.has_text('Let a Service Answer'))


@case
def failures_are_told_keep_what_came_and_can_be_tried_again():
    for name, fragment, kept in (('401', 'There is no keyring in this session. 127.', ''),
                                 ('401', 'asks for a key (401)', ''), ('429', 'wait 17 seconds', ''),
                                 ('503', 'overloaded', ''), ('cut', 'before the answer was complete', 'def reverse'),
                                 ('bad-json', 'makes no sense', 'def reverse'), ('away', 'nothing was sent there', ''),
                                 ('length', 'cut short: it reached the limit', 'cut sho'),
                                 ('empty', 'without an answer', '')):
        with Service() as other, Service() as service:
            service.elsewhere = other.root()
            stand_in(service, name)
            with Window() as window:
                window.ask('How?')
                wait_for(f'{name}: {fragment}', lambda: window.has_text(fragment))
                wait_for_end(window)
                assert kept in window.answer_text(), (name, window.answer_text())
                assert bool(window.find('push button', 'Continue This Answer')) == bool(kept), name
                window.press('Try Again')
                wait_for('another request', lambda: len(service.requests) == 2)
            assert other.requests == []


@case
def silence_and_stop_end_an_answer():
    with Service() as service:
        stand_in(service, 'stalled', seconds=5)
        with Window() as window:
            window.ask('How?')
            wait_for('the beginning', lambda: 'def reverse' in window.answer_text())
            wait_for('the end of patience', lambda: window.has_text('Nothing came from'))
            wait_for_end(window)
            window.press('Try Again')
            wait_for('the beginning', lambda: 'def reverse' in window.answer_text() and window.is_busy())
            window.press('Stop')
            wait_for_end(window)
            assert 'Stopped' in window.answer_text() and 'def reverse' in window.answer_text()


@case
def reasoning_is_folded_away():
    with Service() as service:
        stand_in(service, 'reasoning')
        with Window() as window:
            window.ask('How?')
            wait_for_end(window)
            text = window.answer_text()
            assert 'return s[::-1]' in text and '<think>' not in text and '</think>' not in text, text


@case
def the_switch_ends_what_runs_and_lets_nothing_through():
    with Service() as service:
        stand_in(service, 'trickle')
        with Window() as window:
            window.ask('How?')
            wait_for('words', lambda: 'drop drop' in window.answer_text())
            open_page(window, 'Network')
            wait_for('the request', lambda: window.has_text('/trickle/v1/chat/completions') and window.has_text('running'))
            window.press('Use the Network', 'check box')
            assert service.hung_up.wait(60), 'the connection stays open'
            wait_for('its end in the list', lambda: window.has_text('stopped'))
            wait_for('the setting', lambda: 'network=false' in settings_text())
            window.key('Escape')
            wait_for('the reason', lambda: window.has_text('turned off in the preferences'))
            wait_for('nobody to answer', lambda: window.has_text('There is no model to answer with.'))
            assert 'drop drop' in window.answer_text() and len(service.requests) == 1


def set_up(window, service):
    """As a person does: the address, which must be https elsewhere, and a key."""
    open_page(window, 'Remote Services')
    wait_for('the first of the services', lambda: any(
        text_of(node) == 'https://api.x.ai/v1' for node in window.find_all('text')))
    address = next(node for node in window.find_all('text') if text_of(node) == 'https://api.x.ai/v1')
    address.get_editable_text_iface().set_text_contents('http://example.com/v1')
    wait_for('why not', lambda: window.has_text('needs https://'))
    address.get_editable_text_iface().set_text_contents(service.url('good'))
    wait_for('nothing to complain of', lambda: not window.has_text('needs https://'))
    keep_key(window)


def keep_key(window):
    window.get('text', 'New Key').get_editable_text_iface().set_text_contents(KEY)
    wait_for('the button', lambda: next((node for node in window.find_all('push button') if 'Keep' in node.get_name()
                                         and is_sensitive(node)), None)).get_action_iface().do_action(0)


def ask_with_key(window, service):
    window.key('Escape')
    wait_for('the composer', lambda: window.has_text(f'{host(service)} · grok-code-fast-1'))
    window.ask('How?')
    window.press('Send')
    wait_for_end(window)
    assert service.requests[-1]['headers']['Authorization'] == 'Bearer ' + KEY


def assert_key_nowhere(window):
    for root in {os.environ['HOME'], str(window.home), window.folder.name}:
        for path in Path(root).rglob('*'):
            if path.is_file() and not path.is_symlink():
                assert KEY.encode() not in path.read_bytes(), path
    for name in ('cmdline', 'environ'):
        try:
            assert KEY.encode() not in Path(f'/proc/{window.process.pid}/{name}').read_bytes(), name
        except PermissionError:  # nobody but root looks into a process that had a key
            assert os.geteuid() != 0 and name == 'environ'


@case
def another_machine_of_the_private_network_is_allowed_in_plain_text_and_the_key_by_itself():
    here = other_name()
    if not here:
        raise Skip('this machine has no name of its own')
    with Service(None, *here) as service:
        stand_in(service, 'good', known=False)
        with Window() as window:
            wait_for('the page', lambda: window.has_text('No Model Yet'))
            open_page(window, 'Remote Services')
            wait_for('why not', lambda: window.has_text('Use https://, or allow it.'))
            assert not window.find('check box', 'Send the Key Without Encryption')
            window.press('Send Without Encryption', 'check box')
            wait_for('nothing to complain of', lambda: not window.has_text('Use https://'))
            window.key('Escape')
            wait_for('the service', lambda: window.has_text(f'{host(service)} · some-model'))
            window.ask('How?')
            wait_for('the warning', lambda: window.has_text('everybody on the way can read it.'))
            assert service.requests == []
            window.press('Send')
            wait_for_end(window)
            assert 'Authorization' not in service.requests[-1]['headers']
            open_page(window, 'Remote Services')
            window.press('Send the Key Without Encryption', 'check box')
            wait_for('the setting', lambda: f"'{service.root()}': <true>" in settings_text())
            keep_key(window)
            wait_for('what became of it', lambda: window.has_text('for this run only'))
            window.key('Escape')
            window.ask('And now?')
            wait_for('the second request', lambda: len(service.requests) == 2)
            wait_for_end(window)
            assert service.requests[-1]['headers']['Authorization'] == 'Bearer ' + KEY


@case
def a_service_is_asked_for_its_models():
    with Service() as service:
        stand_in(service, 'good', known=False)
        with Window() as window:
            open_page(window, 'Remote Services')
            button = 'Ask the Service for Its Models'
            wait_for('the button', lambda: window.find_all('push button', button))[-1].get_action_iface().do_action(0)
            wait_for('the models', lambda: window.has_text('another-model'))
            assert not any('evil' in text or 'xxx' in text for text in window.texts())
            window.key('Tab')
            window.key('Return')
            wait_for('the first of them', lambda: "'another-model'" in settings_text())
            assert [(request['method'], request['path']) for request in service.requests] == [('GET', '/good/v1/models')]
            show_page(window, 'Network')
            wait_for('the request', lambda: window.has_text('/good/v1/models') and window.has_text('List of models'))
        for name, why in (('401', 'asks for a key'), ('html', 'which models it has'), ('moved', 'refuses')):
            stand_in(service, name)
            with Window() as window:
                open_page(window, 'Remote Services')
                wait_for('the button', lambda: window.find_all('push button', button))[-1].get_action_iface().do_action(0)
                wait_for(f'{name}: {why}', lambda: window.has_text(why))


@case
def what_a_model_costs_while_it_answers_and_after_is_set_up():
    write_settings(release_minutes='uint32 42')
    with Window() as window:
        open_page(window, 'General')
        window.press('Keep Awake While Answering', 'check box')
        wait_for('the setting', lambda: 'keep-awake=true' in settings_text())
        assert text_of(window.get('spin button', 'Release the Model When Idle')) == '42'


@case
def started_offline_it_sends_nothing_whatever_the_preferences_say():
    with Service() as service:
        stand_in(service, 'good')
        with Window('--offline') as window:
            wait_for('the page', lambda: window.has_text('No Model Yet'))
            assert window.has_text('Offline') and not window.has_text('Remote')
            window.key('m', 'alt')
            wait_for('the menu', lambda: menu_item(window, 'Remote Services'))
            assert not menu_item(window, 'some-model')
            menu_item(window, 'Remote Services').get_action_iface().do_action(0)
            show_page(window, 'Network')
            wait_for('why', lambda: window.has_text('started offline'))
            switch = window.get('check box', 'Use the Network')
            assert not is_sensitive(switch) and not switch.get_state_set().contains(Atspi.StateType.CHECKED)
        assert 'network=false' not in settings_text() and service.requests == []
        # the next start is another one
        with Window() as window:
            wait_for('the service', lambda: window.has_text('Remote'))


@case
def a_window_that_is_open_goes_offline_as_well():
    with Service() as service:
        stand_in(service, 'trickle')
        with Window() as window:
            window.ask('How?')
            wait_for('words', lambda: 'drop drop' in window.answer_text())
            subprocess.run([window.program, '--offline'], check=True, timeout=60,
                           env=dict(os.environ, XDG_DATA_HOME=str(window.home)))
            assert service.hung_up.wait(60), 'the connection stays open'
            wait_for('the reason', lambda: window.has_text('started offline'))
            wait_for('who answers', lambda: window.has_text('Offline') and not window.has_text('Remote'))
            assert 'drop drop' in window.answer_text() and len(service.requests) == 1


@case
def a_service_is_set_up_and_its_key_is_in_no_file():
    with Service() as service:
        write_settings(remote_fallback="'always'")
        with Window() as window:
            set_up(window, service)
            # the test's session has no keyring
            wait_for('what became of it', lambda: window.has_text('for this run only'))
            ask_with_key(window, service)
            assert service.url('good') in settings_text()
            assert_key_nowhere(window)


@case
def a_keyring_that_stays_locked_or_dies_leaves_the_key_for_this_run():
    program = Path(__file__).resolve().parents[1] / 'scripts' / 'secret_service.py'
    for wrong, what in (('Prompt=dismiss', 'for this run only'), ('CreateItem=die', 'for this run only'),
                        ('none=', 'kept in the keyring')):
        with Service() as service, tempfile.TemporaryDirectory() as folder:
            write_settings(remote_fallback="'always'")
            keyring = subprocess.Popen([sys.executable, str(program), '--wrong', wrong, folder + '/log'],
                                       stdout=subprocess.PIPE)
            try:
                assert keyring.stdout.readline() == b'ready\n'
                os.environ['G_MESSAGES_DEBUG'] = 'all'
                with Window() as window:
                    set_up(window, service)
                    wait_for(f'{wrong}: {what}', lambda: window.has_text(what))
                    ask_with_key(window, service)
                    assert_key_nowhere(window)
            finally:
                os.environ.pop('G_MESSAGES_DEBUG', None)
                keyring.kill()
                keyring.wait()


without_keyring()
main()
