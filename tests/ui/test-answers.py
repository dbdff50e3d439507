"""What can be done with an answer in the window: going on, trying again, its code, what screen readers are told."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Window, small_model, wait_for  # noqa: E402
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


@case
def screen_readers_are_told_of_an_answer():
    with greedy() as window:
        window.ask('Name one fruit.')
        wait_for('the answer to end', lambda: window.answers() and not window.is_busy()
                 and window.find('push button', 'Try Again'))
        text = window.texts(window.answers()[-1])[0]
        wait_for('what is told', lambda: any(alert.get_name()[:20] == text[:20] for alert in window.find_all('alert')))


main()
