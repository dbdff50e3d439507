"""Conversations through the real window: kept over restarts, whatever ends the program."""
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Window, small_model, wait_for  # noqa: E402
from tap import case, main  # noqa: E402

LONG = 'Write a story about a lighthouse keeper, in ten chapters, with every detail.'


def greedy(home):
    return Window('--model', small_model(), '--device', 'cpu', '--temp', '0', data_home=home)


def wait_for_end(window):
    def ended():
        answers = window.answers()
        return answers and not window.is_busy() and window.find('push button', 'Try Again', answers[-1])
    wait_for('the answer to end', ended)


def ask_shortly(window, question):
    """Asks, and stops the answer after some words."""
    before = len(window.answers())
    window.ask(question)
    wait_for('a word', lambda: len(window.answers()) == before + 1 and 'token' in window.answer_text())
    for stop in window.find_all('push button', 'Stop'):
        stop.get_action_iface().do_action(0)
    wait_for_end(window)


def words_of_answer(window):
    return window.answer_text().split('Stopped')[0].split('Cut off')[0].strip()


def open_chat(window, title):
    row = wait_for(f'“{title}” in the list', lambda: next(
        (row for row in window.find_all('list item') if row.get_name().startswith(title)), None))
    window.select(row)
    wait_for('its answer', window.answers)


@case
def a_conversation_is_there_when_the_program_starts_again():
    with tempfile.TemporaryDirectory() as home:
        with greedy(home) as window:
            ask_shortly(window, LONG)
            words = words_of_answer(window)
            assert window.process.poll() is None
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0
        with greedy(home) as window:
            open_chat(window, 'Write a story')
            wait_for('the same words', lambda: words_of_answer(window) == words)
            assert LONG in window.texts(), window.texts()
            assert 'Stopped' in window.answer_text() and 'tok/s' in window.answer_text()
            ask_shortly(window, 'Name one fruit.')
            assert len(window.answers()) == 2


@case
def an_answer_that_was_killed_says_so_and_can_be_tried_again():
    with tempfile.TemporaryDirectory() as home:
        window = greedy(home)
        window.__enter__()
        window.ask(LONG)
        wait_for('some words', lambda: len(window.answer_text()) > 60)
        before = words_of_answer(window)
        wait_for('more words', lambda: len(window.answer_text()) > 60 + len(before))
        window.process.send_signal(signal.SIGKILL)
        window.process.wait()
        window.folder.cleanup()
        with greedy(home) as window:
            open_chat(window, 'Write a story')
            wait_for('the mark', lambda: 'Cut off' in window.answer_text())
            assert len(words_of_answer(window)) > 20, window.answer_text()
            window.press('Try Again')
            wait_for('a new answer', lambda: 'Cut off' not in window.answer_text() and len(window.answer_text()) > 20)


if __name__ == '__main__':
    main()
