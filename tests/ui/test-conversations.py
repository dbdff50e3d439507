"""Conversations through the real window: kept over restarts, whatever ends the program."""
import contextlib
import os
import resource
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from chats import wait_a_little  # noqa: E402
from window import Window, small_model, text_of, wait_for  # noqa: E402
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
    """Asks, and stops the answer after some words: one that ends by itself gives the chat another title."""
    before = len(window.answers())
    window.ask(question)
    wait_for('a word', lambda: len(window.answers()) == before + 1 and 'token' in window.answer_text())
    for stop in window.find_all('push button', 'Stop'):
        stop.get_action_iface().do_action(0)
    wait_for_end(window)


def words_of_answer(window):
    return window.answer_text().split('Stopped')[0].split('Cut off')[0].strip()


def open_chat(window, question):
    """By what was asked: its title is the model's."""
    def is_open():
        return any(text.startswith(question) for text in question_texts(window))

    def opened():
        for row in window.find_all('list item'):
            if row.get_name() != 'New Chat':
                window.select(row)
                if wait_a_little('its question', is_open):
                    return True
        return False
    wait_for(f'the chat “{question}”', opened)
    wait_for('its answer', window.answers)


@case
def a_conversation_is_there_when_the_program_starts_again():
    with tempfile.TemporaryDirectory() as home:
        with greedy(home) as window:
            ask_shortly(window, LONG)
            words = words_of_answer(window)
            assert window.process.poll() is None
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0, window.log.read_text()
        with greedy(home) as window:
            open_chat(window, 'Write a story')
            wait_for('the same words', lambda: words_of_answer(window) == words)
            assert LONG in window.texts(), window.texts()
            assert 'Stopped' in window.answer_text() and 'token' in window.answer_text()
            ask_shortly(window, 'Write a story about one fruit.')
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


def limit_files(window, size):
    """No file of the program may grow beyond that, as on a disk that is full."""
    hard = resource.prlimit(window.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(window.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def kept_state(home):
    """Of the answer that was made last, as it is on the disk."""
    with contextlib.closing(sqlite3.connect(Path(home) / 'riposte' / 'conversations.db')) as database:
        return database.execute('SELECT state FROM message WHERE role = 1 ORDER BY number DESC').fetchone()[0]


def is_kept_again(window):
    """By the button, or by itself, which it tries every few seconds."""
    for button in window.find_all('push button', 'Try to Keep Conversations Again'):
        button.get_action_iface().do_action(0)
    return not window.has_text('could not be kept')


@case
def a_full_disk_while_an_answer_streams_loses_nothing():
    with tempfile.TemporaryDirectory() as home:
        program = Path(home) / 'bears-full-disks'
        program.write_text(f'#!/bin/sh\ntrap "" XFSZ\nexec "{os.environ["RIPOSTE"]}" "$@"\n')
        program.chmod(0o755)
        with Window('--model', small_model(), '--device', 'cpu', '--temp', '0', data_home=home,
                    program=str(program)) as window:
            window.ask(LONG)
            wait_for('some words', lambda: len(window.answer_text()) > 60)
            limit_files(window, 4096)
            wait_for('the reason', lambda: window.has_text('could not be kept'))
            before = len(window.answer_text())
            wait_for('the answer to go on', lambda: len(window.answer_text()) > before)
            for stop in window.find_all('push button', 'Stop'):
                stop.get_action_iface().do_action(0)
            wait_for_end(window)
            words = words_of_answer(window)
            limit_files(window, resource.RLIM_INFINITY)
            wait_for('all to be kept', lambda: is_kept_again(window) and kept_state(home) == 3)  # stopped
        with greedy(home) as window:
            open_chat(window, 'Write a story')
            wait_for('the same words', lambda: words_of_answer(window) == words)


def questions(window):
    return window.find_all('panel', 'Your question') or window.find_all('grouping', 'Your question')


def question_texts(window):
    return [next(iter(window.texts(question)), '') for question in questions(window)]


def versions(window, root):
    return [node.get_name() for node in window.find_all('label', root=root) if node.get_name().startswith('Version ')]


def versions_of_answer(window):
    answers = window.answers()
    return versions(window, answers[-1]) if answers else None


@case
def a_question_is_edited_and_both_versions_stay():
    with tempfile.TemporaryDirectory() as home:
        with greedy(home) as window:
            ask_shortly(window, 'Write a story about one fruit.')
            first = words_of_answer(window)
            window.composer().get_editable_text_iface().set_text_contents('not sent yet')
            window.press('Edit Question', root=questions(window)[0])
            wait_for('the question in the composer', lambda: text_of(window.composer()) == 'Write a story about one fruit.')
            window.key('Escape')
            wait_for('the draft', lambda: text_of(window.composer()) == 'not sent yet')
            window.press('Edit Question', root=questions(window)[0])
            wait_for('the question in the composer', lambda: text_of(window.composer()) == 'Write a story about one fruit.')
            window.composer().get_editable_text_iface().set_text_contents('Write a story about two cats.')
            window.press('Send')
            wait_for('the new question', lambda: question_texts(window) == ['Write a story about two cats.'])
            wait_for('a word', lambda: 'token' in window.answer_text())
            for stop in window.find_all('push button', 'Stop'):
                stop.get_action_iface().do_action(0)
            wait_for_end(window)
            wait_for('the draft', lambda: text_of(window.composer()) == 'not sent yet')
            assert versions(window, questions(window)[0]) == ['Version 2 of 2'], window.texts(questions(window)[0])
            window.press('Previous Version', root=questions(window)[0])
            wait_for('the old question', lambda: question_texts(window) == ['Write a story about one fruit.'])
            wait_for('the old answer', lambda: words_of_answer(window) == first)
            window.key('period', 'alt')
            wait_for('the new question', lambda: question_texts(window) == ['Write a story about two cats.'])
            window.key('comma', 'alt')
            wait_for('the old question', lambda: question_texts(window) == ['Write a story about one fruit.'])
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0, window.log.read_text()
        with greedy(home) as window:
            open_chat(window, 'Write a story about one fruit')
            wait_for('the version that was shown last', lambda: question_texts(window) == ['Write a story about one fruit.'])
            assert versions(window, questions(window)[0]) == ['Version 1 of 2']


@case
def an_answer_is_edited_and_both_versions_stay():
    with tempfile.TemporaryDirectory() as home:
        with greedy(home) as window:
            ask_shortly(window, 'Write a story about one fruit.')
            first = words_of_answer(window)
            window.press('Edit Answer', root=window.answers()[0])
            wait_for('the answer in the composer', lambda: window.has_text('Editing an answer'))
            window.composer().get_editable_text_iface().set_text_contents('The medlar, and no other.')
            window.press('Send')
            wait_for('the new version', lambda: words_of_answer(window).startswith('The medlar, and no other.'))
            assert versions_of_answer(window) == ['Version 2 of 2'], window.answer_text()
            window.press('Previous Version', root=window.answers()[0])
            wait_for('the old version', lambda: words_of_answer(window).startswith(first))
            window.press('Next Version', root=window.answers()[0])
            wait_for('the new version', lambda: versions_of_answer(window) == ['Version 2 of 2'])
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0, window.log.read_text()
        with greedy(home) as window:
            open_chat(window, 'Write a story about one fruit')
            wait_for('the new version', lambda: words_of_answer(window).startswith('The medlar, and no other.'))


@case
def an_answer_is_deleted_and_comes_back():
    with tempfile.TemporaryDirectory() as home:
        with greedy(home) as window:
            ask_shortly(window, 'Name one fruit.')
            first = words_of_answer(window)
            window.press('Try Again')
            wait_for('another version', lambda: versions_of_answer(window) == ['Version 2 of 2'])
            wait_for_end(window)
            window.press('Delete from Here On', root=window.answers()[-1])
            wait_for('the first answer', lambda: words_of_answer(window) == first)
            assert not versions_of_answer(window)
            window.press('Undo')
            wait_for('both versions', lambda: versions_of_answer(window) == ['Version 2 of 2'])
            window.press('Delete from Here On', root=questions(window)[0])
            wait_for('nothing', lambda: not questions(window) and not window.answers())
            window.press('Undo')
            wait_for('the question', lambda: question_texts(window) == ['Name one fruit.'])


@case
def a_file_of_a_newer_version_is_refused_clearly_and_left_alone():
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / 'riposte' / 'conversations.db'
        path.parent.mkdir()
        database = sqlite3.connect(path)
        database.execute('PRAGMA user_version = 1000')
        database.close()
        before = path.read_bytes()
        with greedy(home) as window:
            wait_for('the reason', lambda: window.has_text('newer version of Riposte'))
            ask_shortly(window, 'Write a story about one fruit.')
            assert window.has_text('What is asked now is not kept.')
            window.key('q', 'ctrl')
            window.press('Close', root=window.get('dialog'))
            assert window.process.wait(20) == 0, window.log.read_text()
        assert path.read_bytes() == before


@case
def a_disk_that_comes_back_brings_the_conversations_back():
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / 'riposte'
        with greedy(home) as window:
            ask_shortly(window, 'Write a story about one fruit.')
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0, window.log.read_text()
        folder.rename(Path(home) / 'away')
        folder.write_text('a file where a folder should be')
        with greedy(home) as window:
            wait_for('the reason', lambda: window.has_text('could not be kept'))
            ask_shortly(window, 'Write a story about one colour.')
            folder.unlink()
            (Path(home) / 'away').rename(folder)
            wait_for('no notice', lambda: is_kept_again(window))
            open_chat(window, 'Write a story about one fruit')
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0, window.log.read_text()
        with greedy(home) as window:
            open_chat(window, 'Write a story about one colour')


@case
def a_damaged_file_is_set_aside_when_asked_to():
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / 'riposte' / 'conversations.db'
        path.parent.mkdir()
        path.write_bytes(b'no database' * 1000)
        with greedy(home) as window:
            wait_for('the reason', lambda: window.has_text('damaged'))
            ask_shortly(window, 'Write a story about one fruit.')
            assert path.read_bytes() == b'no database' * 1000
            window.press('Set Aside and Start Anew')
            wait_for('no notice', lambda: not window.has_text('damaged'))
            window.key('q', 'ctrl')
            assert window.process.wait(20) == 0, window.log.read_text()
        assert [other.read_bytes() for other in path.parent.glob('*-damaged-*')] == [b'no database' * 1000]
        with greedy(home) as window:
            open_chat(window, 'Write a story about one fruit')


if __name__ == '__main__':
    main()
