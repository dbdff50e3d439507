"""What can be done with an answer in the window: going on, trying again, its code, what screen readers are told."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Atspi, Window, small_model, text_of, wait_for  # noqa: E402
import chats  # noqa: E402
from chats import wait_a_little  # noqa: E402
from tap import case, main  # noqa: E402

LONG = 'Write a story about a lighthouse keeper, in ten chapters, with every detail.'


def greedy(*more):
    return Window('--model', small_model(), '--device', 'cpu', '--temp', '0', *more)


def said(window):
    """The answer without the figures below it."""
    return window.answer_text().split('Stopped')[0].split(' token')[0].strip()


@case
def a_stopped_answer_goes_on_in_another_branch():
    with greedy() as window:
        window.ask(LONG)
        wait_for('some of the answer', lambda: len(window.answer_text()) > 80)
        window.press('Stop')
        wait_for('the answer to end', lambda: window.find('push button', 'Continue This Answer'))
        first = said(window)[:60]
        window.press('Continue This Answer')
        wait_for('a second branch', lambda: window.has_text('2/2'))
        wait_for('more of the same answer', lambda: len(window.answer_text()) > len(first) + 60)
        assert said(window).startswith(first), (first, said(window)[:80])
        window.press('Stop')
        wait_for('the answer to end', lambda: window.find('push button', 'Continue This Answer'))


@case
def an_answer_offers_copying_and_other_models():
    with greedy() as window:
        window.ask('Name one fruit.')
        wait_for('the answer to end', lambda: window.answers() and not window.is_busy()
                 and window.find('push button', 'Try Again'))
        answer = window.answers()[-1]
        window.press('Copy Message', root=answer)
        assert window.find('toggle button', 'Try Again with Another Model', answer) \
            or window.find('push button', 'Try Again with Another Model', answer), window.dump()


SOURCE = 'First **words**.\n\n- one\n- two\n\n```c\nint x;\n```\n\nLast words.'


class Filled(chats.Filled):
    chats = [chats.chat('source', 'Several blocks', 1, 'What?', f'<think>\nTwo\n\nthoughts\n</think>\n\n{SOURCE}')]


def expect_copied(window, text):
    """By pasting it into a question, again and again: a button that is pressed takes its time."""
    def pasted():
        window.key('l', 'ctrl')
        window.key('a', 'ctrl')
        window.key('v', 'ctrl')
        return wait_a_little('what was copied', lambda: text_of(window.composer()) == text)

    assert window.composer().get_editable_text_iface().set_text_contents('something else')
    wait_for('what was copied', pasted)


def selected_from(window, open_dialog):
    """The text of the dialog, all of which is selected and copied."""
    open_dialog()
    text = text_of(window.get('text', 'Text of the Answer'))
    window.key('a', 'ctrl')
    window.key('c', 'ctrl')
    window.key('Escape')
    wait_for('the dialog to close', lambda: not window.find('text', 'Text of the Answer'))
    expect_copied(window, text)
    return text


@case
def text_is_selected_across_the_blocks_of_an_answer():
    def by_menu(words):
        label = wait_for(f'“{words}”', lambda: next(label for label in window.find_all('label')
                                                    if text_of(label).startswith(words)))
        at = Atspi.Component.get_extents(label, Atspi.CoordType.WINDOW)
        Atspi.generate_mouse_event(at.x + 10, at.y + at.height // 2, 'b3c')
        wait_for('the menu', lambda: window.find('menu item', 'Select Text…'))
        window.press('Select Text…', 'menu item')

    with Filled() as window:
        window.select(window.get('list item', 'Several blocks'))
        wait_for('the answer', lambda: window.has_text('Last words.'))
        assert selected_from(window, lambda: window.key('u', 'ctrl')) == SOURCE
        assert selected_from(window, lambda: by_menu('Last')) == SOURCE
        window.press('Thought')
        assert selected_from(window, lambda: by_menu('thoughts')).strip() == 'Two\n\nthoughts'


@case
def a_copied_answer_is_its_markdown():
    with Filled() as window:
        window.select(window.get('list item', 'Several blocks'))
        wait_for('the answer', lambda: window.has_text('Last words.'))
        window.press('Copy Message', root=window.answers()[-1])
        expect_copied(window, SOURCE)
        window.key('c', 'ctrl', 'shift')
        wait_for('it to be told', lambda: window.has_text('Answer copied'))
        expect_copied(window, SOURCE)


@case
def screen_readers_are_told_of_an_answer():
    with greedy() as window:
        window.ask('Name one fruit.')
        wait_for('the answer to end', lambda: window.answers() and not window.is_busy()
                 and window.find('push button', 'Try Again'))
        text = window.texts(window.answers()[-1])[0]
        wait_for('what is told', lambda: any(alert.get_name()[:20] == text[:20] for alert in window.find_all('alert')))


main()
