"""The window, from the first question to code in the editor, as who cannot see it would use it."""
import contextlib
import os
import struct
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Atspi, Window, is_sensitive, small_model, wait_for, text_of  # noqa: E402
import gguf  # noqa: E402
from tap import Skip, case, main  # noqa: E402

LONG = 'Write a story about a lighthouse keeper, in ten chapters, with every detail.'
CODE = 'Write a Python function that reverses a string'


def greedy(*more):
    return Window('--model', small_model(), '--device', 'cpu', '--temp', '0', *more)


def wait_for_end(window):
    def ended():
        answers = window.answers()
        return answers and not window.is_busy() and window.find('push button', 'Try Again', answers[-1])
    wait_for('the answer to end', ended)


def length_of_answer(window):
    return len(window.answer_text())


def wait_for_growth(window, more=20):
    start = length_of_answer(window)
    wait_for('the answer to grow', lambda: length_of_answer(window) > start + more)


def editor_text(window):
    """What stands in the editor's page."""
    views = [node for node in window.find_all('text') if node.get_name() != 'Question' and is_editable(node)]
    return '\n'.join(text_of(view) for view in views)


def is_editable(node):
    from window import Atspi
    return node.get_state_set().contains(Atspi.StateType.EDITABLE)


@case
def an_answer_streams_stops_and_is_asked_for_again():
    with greedy() as window:
        window.ask(LONG)
        wait_for_growth(window)
        wait_for_growth(window)  # again: it was no answer all at once
        assert window.is_busy()
        window.press('Stop')
        wait_for_end(window)
        stopped = window.answer_text()
        assert 'Stopped' in stopped, stopped
        time.sleep(1)
        assert window.answer_text() == stopped, 'it went on after Stop'
        window.press('Try Again')
        wait_for('a new answer', lambda: 'Stopped' not in window.answer_text() and length_of_answer(window) > 20)
        assert len(window.answers()) == 1, 'the old answer is still shown'
        wait_for_growth(window)
        window.press('Stop')
        wait_for_end(window)
        window.ask('Name one fruit.')
        wait_for('a second answer', lambda: len(window.answers()) == 2 and length_of_answer(window) > 20)
        for stop in window.find_all('push button', 'Stop'):  # it may have ended by itself
            stop.get_action_iface().do_action(0)
        wait_for_end(window)
        wait_for('figures', lambda: window.has_text('tok/s'))
        wait_for('the context in use', lambda: window.has_text('context') and not window.has_text('context 0 of'))


@case
def code_of_an_answer_goes_into_the_editor():
    with greedy() as window:
        window.ask(CODE)
        wait_for_end(window)
        answer = window.answer_text()
        assert 'def ' in answer and 'return' in answer, answer
        window.press('Insert Code into the Editor')
        wait_for('the code in the editor', lambda: 'def ' in editor_text(window) and 'return' in editor_text(window))
        assert '```' not in editor_text(window)


@case
def enter_sends_shift_enter_breaks_the_line_and_escape_stops():
    with greedy() as window:
        wait_for('the model', lambda: window.has_text('Processor: '))
        wait_for('the composer to be ready', window.composer)
        window.type('write a story')
        window.key('Return', 'shift')
        window.type('of two cats')
        wait_for('both lines', lambda: text_of(window.composer()) == 'write a story\nof two cats')
        assert not window.answers(), 'Shift+Enter sent it'
        window.key('Return')
        wait_for_growth(window)
        assert text_of(window.composer()) == ''
        assert window.has_text('write a story\nof two cats')
        window.key('Escape')
        wait_for_end(window)
        assert 'Stopped' in window.answer_text()


@case
def a_question_waits_for_the_model_to_load():
    with greedy() as window:
        window.ask(CODE)  # at once
        wait_for('text', lambda: length_of_answer(window) > 40)


@case
def another_chat_leaves_an_answer_alone():
    with greedy() as window:
        window.ask(LONG)
        wait_for_growth(window)
        window.press('New Chat')
        wait_for('an empty chat', lambda: not window.is_busy())
        window.ask('Name one fruit.')
        wait_for('the question to wait for its turn', lambda: window.has_text('Waiting…'))
        rows = [row.get_name() for row in window.find_all('list item')]
        assert len(rows) == 2 and rows[1].startswith('Write a story'), rows
        window.press('Stop')
        wait_for_end(window)


@case
def without_a_model_it_says_so_and_offers_to_choose_one():
    with Window() as window:
        wait_for('the page', lambda: window.has_text('No Model Yet'))
        assert window.find('push button', 'Choose a Model…')
        window.composer().get_editable_text_iface().set_text_contents('Hello')
        time.sleep(0.3)
        assert not is_sensitive(window.get('push button', 'Send')), 'there is nothing to send to'


def broken_files(folder):
    gguf = struct.pack('<4sIQQ', b'GGUF', 3, 1 << 40, 1 << 40)
    whole = small_model()
    with open(whole, 'rb') as file:
        head = file.read(3_000_000)
    unsupported = struct.pack('<4sIQQ', b'GGUF', 3, 0, 1)
    unsupported += struct.pack('<Q', 20) + b'general.architecture' + struct.pack('<I', 8)
    unsupported += struct.pack('<Q', 7) + b'martian'
    for name, content in {'empty': b'', 'text': b'I am no model.\n' * 100, 'claims': gguf, 'truncated': head,
                          'unsupported': unsupported + bytes(64)}.items():
        path = Path(folder) / f'{name}.gguf'
        path.write_bytes(content)
        yield path
    yield Path(folder) / 'missing.gguf'


@case
def a_file_that_is_no_model_is_one_clear_message():
    with tempfile.TemporaryDirectory() as folder:
        for path in broken_files(folder):
            with Window('--model', path) as window:
                wait_for(f'a way on from {path.name}', lambda: window.find('push button', 'Choose Another Model…'))
                wait_for(f'the message about {path.name}', lambda: window.has_text('The model could not be loaded'))
                titles = [text for text in window.texts() if text in (
                    'This Is No Usable Model File', 'The Model Cannot Be Read', 'This Model Is Not Supported')]
                assert len(titles) == 1, (path.name, window.texts())


@case
def a_device_that_is_not_there_can_be_changed_for_the_processor():
    with Window('--model', small_model(), '--device', 'vulkan:99') as window:
        wait_for('the message', lambda: window.has_text('The Device Cannot Be Used'))
        window.press('Run on the Processor')
        wait_for('the processor', lambda: window.has_text('Processor: '))


@case
def a_question_too_long_for_the_context_is_told_and_the_chat_goes_on():
    with greedy('--ctx', '512') as window:
        window.ask('word ' * 2000)
        wait_for_end(window)
        wait_for('it names the context', lambda: '512' in window.answer_text())
        window.press('Cancel')  # of what may be done about it
        window.ask('Name one fruit.')
        wait_for_end(window)
        assert 'tok' in window.answer_text(), window.answer_text()


@case
def a_model_without_a_chat_template_is_asked_in_plain_text():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'plain.gguf'
        path.write_bytes(gguf.Model(chat=None).bytes())
        # random weights may fill the context, or end the answer at once: it is said in either case
        with Window('--model', path, '--device', 'cpu') as window:
            window.ask('x')
            wait_for_end(window)
            wait_for('it says so', lambda: 'it was asked in plain text' in window.answer_text())
            window.press('Try Again')
            wait_for('another answer', lambda: window.has_text('2/2'))
            wait_for_end(window)
            wait_for('it says so again', lambda: 'it was asked in plain text' in window.answer_text())


@case
def a_file_is_opened_changed_and_saved():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'hello.py'
        path.write_text('print("hello")\n')
        with Window(path) as window:
            wait_for('the file', lambda: 'print("hello")' in editor_text(window))
            view = [node for node in window.find_all('text') if node.get_name() != 'Question' and is_editable(node)][0]
            view.get_editable_text_iface().insert_text(0, '# changed\n', len('# changed\n'))
            wait_for('the change', lambda: '# changed' in editor_text(window))
            window.key('s', 'ctrl')
            wait_for('the file on disk', lambda: path.read_text().startswith('# changed\n'))


@case
def the_code_in_the_editor_is_asked_about_and_up_asks_something_else():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'hello.py'
        path.write_text('print("hello")\n')
        with greedy(path) as window:
            wait_for('the model', lambda: window.has_text('Processor: '))
            wait_for('the file', lambda: 'print("hello")' in editor_text(window))
            assert window.composer().get_editable_text_iface().set_text_contents('half a question')
            window.activate('win.ask-about-code', 'explain')
            question = wait_for('the question', lambda: window.find('panel', 'Your question'))
            wait_for('its words and the file', lambda: 'Explain this code.' in window.texts(question)
                     and any('hello.py' in text for text in window.texts(question)))
            assert text_of(window.composer()) == 'half a question'
            wait_for('the answer', lambda: len(window.answer_text()) > 5)
            for stop in window.find_all('push button', 'Stop'):
                stop.get_action_iface().do_action(0)
            wait_for_end(window)
            window.key('l', 'ctrl')
            assert window.composer().get_editable_text_iface().set_text_contents('')
            window.key('Up')
            wait_for('the question to be edited', lambda: text_of(window.composer()) == 'Explain this code.')
            window.key('Escape')
            wait_for('it to be left', lambda: text_of(window.composer()) == '')


@contextlib.contextmanager
def half_a_function():
    """A window with a file whose last line a model can end, and the view with the caret there."""
    model = small_model().parent / 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf'
    if not model.exists():
        raise Skip('the default model is not there')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'hello.py'
        path.write_text('def add(a, b):\n    return a + b\n\ndef subtract(a, b):\n    return')
        with Window('--model', model, '--device', 'cpu', '--temp', '0', path) as window:
            view = wait_for('the file', lambda: window.find('text', 'Text Editor'))
            wait_for('all of it', lambda: text_of(view).endswith('return') and is_editable(view))
            wait_for('the model', lambda: window.has_text('Processor: '))
            yield window, view


def go_to_end(window, view):
    window.key('e', 'ctrl')
    window.key('e', 'ctrl')
    window.key('End', 'ctrl')
    wait_for('the caret at the end', lambda: Atspi.Text.get_caret_offset(view) == len(text_of(view)))


def shows_dimly(window, text):
    return any(text_of(label).strip() == text for label in window.find_all('label'))


@case
def code_is_completed_at_the_caret_and_taken_with_tab():
    with half_a_function() as (window, view):
        go_to_end(window, view)
        window.key('space', 'ctrl')
        wait_for('the completion', lambda: shows_dimly(window, 'a - b'))
        assert text_of(view).endswith('return'), 'it is there before it was taken'
        wait_for('it to be said', lambda: any(alert.get_name().endswith('a - b') for alert in window.find_all('alert')))
        window.key('Tab')
        wait_for('it to be taken', lambda: text_of(view).endswith('return a - b'))
        window.key('z', 'ctrl')
        wait_for('it to be undone', lambda: text_of(view).endswith('return'))


@case
def a_completion_that_waits_for_an_answer_says_so_and_is_given_up_by_escape():
    waiting = 'Waiting for the model…'
    with half_a_function() as (window, view):
        window.ask('Count from 1 to 1000, one number a line, and leave none out.')
        wait_for_growth(window)
        go_to_end(window, view)
        window.key('space', 'ctrl')
        wait_for('the reason', lambda: shows_dimly(window, waiting))
        wait_for('it to be said', lambda: window.find('alert', waiting))
        window.key('Escape')
        wait_for('it to be given up', lambda: not shows_dimly(window, waiting))
        assert window.is_busy(), 'the answer was stopped'
        window.key('space', 'ctrl')
        wait_for('it to wait again', lambda: shows_dimly(window, waiting))
        window.activate('win.stop')
        wait_for('the completion', lambda: shows_dimly(window, 'a - b'))
        assert text_of(view).endswith('return')


@case
def a_model_that_cannot_fill_in_says_so():
    with greedy() as window:
        wait_for('the model', lambda: window.has_text('Processor: '))
        window.key('t', 'ctrl')
        wait_for('the page', lambda: window.find('text', 'Text Editor'))
        window.key('space', 'ctrl')
        wait_for('the reason', lambda: any('fill' in text for text in window.texts()))


def height_of(node):
    return Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW).height


@case
def text_is_made_larger_and_smaller():
    with Window() as window:
        before = wait_for('the composer', lambda: height_of(window.composer()))
        for _ in range(6):
            window.key('equal', 'ctrl')
        wait_for('larger text', lambda: height_of(window.composer()) > before + 4)
        window.key('0', 'ctrl')
        wait_for('the text as it was', lambda: height_of(window.composer()) == before)


if __name__ == '__main__':
    main()
