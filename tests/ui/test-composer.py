"""What surrounds a question: the context that it has to fit, as who cannot see the window would use it."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from window import Window, small_model, wait_for, text_of  # noqa: E402
from tap import case, main  # noqa: E402


def greedy(*more, **options):
    return Window('--model', small_model(), '--device', 'cpu', '--temp', '0', *more, **options)


def wait_for_end(window, n_answers):
    def ended():
        answers = window.answers()
        return (len(answers) == n_answers and not window.is_busy()
                and window.find('push button', 'Try Again', answers[-1]))
    wait_for(f'answer {n_answers} to end', ended)


def write(window, text):
    assert window.composer().get_editable_text_iface().set_text_contents(text)


def story(animal, n_words):
    """A question of about as many tokens that the model says something to."""
    return f'Write a story about a {animal}. ' + ', '.join([animal] * (n_words // 2)) + '. Write the story.'


def fill_context(window):
    """Two questions that are answered with a few words, and a third one that fits only without the first."""
    for i, question in enumerate([story('cat', 300), story('dog', 20)]):
        window.ask(question)
        wait_for('an answer', lambda: len(window.answers()) == i + 1 and 'story' in window.answer_text().lower())
        for stop in window.find_all('push button', 'Stop'):
            stop.get_action_iface().do_action(0)
        wait_for_end(window, i + 1)
    window.ask(story('cow', 120))
    wait_for('the choice', lambda: window.has_text('The Context Is Full'))


@case
def the_context_is_counted_while_a_question_is_written():
    with greedy('--ctx', '512') as window:
        def figure():
            return next((text for text in window.texts() if text.startswith('context ')), '')
        wait_for('an empty context', lambda: figure().endswith(' of 512'))
        before = wait_for('a count', lambda: int(figure().split()[1]))
        write(window, 'word ' * 100)
        wait_for('the words to count', lambda: int(figure().split()[1]) >= before + 100)
        write(window, '')
        wait_for('them to count no more', lambda: int(figure().split()[1]) == before)


@case
def a_full_context_shows_what_does_not_fit_and_leaves_out_what_is_chosen():
    with greedy('--ctx', '512') as window:
        fill_context(window)
        assert window.has_text('Nothing is left out unless you choose so'), window.texts()
        assert window.has_text('2 messages do not fit'), window.texts()
        window.press('Leave Out the Oldest Messages')
        wait_for('the answer', lambda: not window.has_text('do not fit the context') and not window.is_busy())
        assert len(window.find_all('panel', 'Your question')) == 3, 'a question is gone'
        assert sum('Left out' in text for text in window.texts()) == 2, window.texts()


@case
def a_full_context_may_become_a_new_chat_with_the_last_messages():
    with greedy('--ctx', '512') as window:
        fill_context(window)
        window.press('New Chat with the Last Messages')
        wait_for('the new chat', lambda: len(window.answers()) == 1)
        assert any(text.startswith('Write a story about a dog.') for text in window.texts()), window.texts()
        wait_for('the question', lambda: text_of(window.composer()).startswith('Write a story about a cow.'))
        window.press('Send')
        wait_for_end(window, 2)
        assert 'tok' in window.answer_text()


@case
def a_full_context_may_become_a_new_chat_with_a_summary():
    with greedy('--ctx', '512') as window:
        fill_context(window)
        window.press('New Chat with a Summary')
        wait_for('the summary', lambda: text_of(window.get('text', 'Summary')))
        wait_for('it to end', lambda: window.has_text('The new chat begins with this'))
        summary = text_of(window.get('text', 'Summary')).strip()
        window.press('Begin New Chat')
        wait_for('the new chat', lambda: summary[:20] in text_of(window.composer()))
        assert 'Write a story about a cow.' in text_of(window.composer())


def open_chat(window):
    """The only one that is kept, whatever the model named it."""
    window.select(wait_for('the chat', lambda: next((row for row in window.find_all('list item')
                                                     if row.get_name() != 'New Chat'), None)))


@case
def room_is_made_after_a_restart_as_well():
    with tempfile.TemporaryDirectory() as home:
        with greedy('--ctx', '512', data_home=home) as window:
            fill_context(window)
            window.press('Cancel')
        with greedy('--ctx', '512', data_home=home) as window:
            open_chat(window)
            window.press('Make Room…')
            wait_for('the choice', lambda: window.has_text('2 messages do not fit'))
            window.press('Cancel')
        # where there is room by now, nothing has to be chosen
        with greedy('--ctx', '2048', data_home=home) as window:
            open_chat(window)
            window.press('Make Room…')
            wait_for('the answer', lambda: 'cow' in window.answer_text() and 'tok/s' in window.answer_text())
            assert not window.has_text('The Context Is Full'), window.texts()


@case
def an_answer_that_filled_the_context_goes_on_once_there_is_room():
    with greedy('--ctx', '512') as window:
        for i, question in enumerate([story('cat', 200), 'Write a long story about a dog, with every detail.']):
            window.ask(question)
            wait_for('a word', lambda: len(window.answers()) == i + 1 and 'token' in window.answer_text())
            if i == 0:
                window.press('Stop')
            wait_for_end(window, i + 1)
        assert window.has_text('The context is full'), window.answer_text()
        window.press('Make Room…')
        wait_for('the choice', lambda: window.has_text('2 messages do not fit'))
        window.press('Leave Out the Oldest Messages')
        wait_for('it to go on', lambda: window.has_text('2/2'))
        assert sum('Left out' in text for text in window.texts()) == 2, window.texts()
        wait_for_end(window, 2)


@case
def the_context_may_be_raised():
    with greedy('--ctx', '512') as window:
        fill_context(window)
        window.press('Raise the Context to 2048 Tokens')
        wait_for('the answer', lambda: 'cow' in window.answer_text() and not window.has_text('do not fit the context'))
        wait_for('the larger context', lambda: any(text.endswith(' of 2k') for text in window.texts()))
        assert not window.has_text('Left out')


@case
def a_document_is_attached_by_its_name_and_taken_back_by_keyboard():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'hello.py'
        path.write_text('print("hello")\n')
        (Path(folder) / 'beside.c').write_text('int beside;\n')
        with greedy(path) as window:
            wait_for('the file', lambda: window.has_text('hello.py'))
            wait_for('the model', lambda: window.has_text('Processor: '))
            window.key('l', 'ctrl')
            for text, name in [('@bes', 'beside.c'), ('@hel', 'hello.py')]:
                window.type(text.replace('@', ''))  # the layout may have the @ elsewhere
                write(window, text_of(window.composer())[:1 - len(text)] + text)
                wait_for(f'the name {name}', lambda: window.find('list item', name) or window.has_text(name))
                window.key('Return')
                wait_for(f'{name} with its cost', lambda: window.find('push button', f'Remove {name}'))
            assert any('token' in text and '·' in text for text in window.texts()), window.texts()
            assert '@beside.c @hello.py ' == text_of(window.composer()), text_of(window.composer())
            names = ['beside.c', 'hello.py']

            def attached():
                return [name for name in names if window.find('push button', f'Remove {name}')]
            assert attached() == names
            window.key('Tab', 'shift')
            window.key('Tab', 'shift')
            window.key('Delete')
            wait_for('one to be gone', lambda: len(attached()) == 1)
            left = attached()[0]
            window.press('Send')
            wait_for('the question', lambda: window.answers())
            assert window.has_text('@beside.c @hello.py')
            assert sum(text.startswith(f'{left} · ') for text in window.texts()) == 1, window.texts()
            assert not attached(), 'it is still attached'


@case
def presets_and_a_chat_tell_the_model_what_to_do():
    def figure(window):
        return next((int(text.split()[1]) for text in window.texts() if text.startswith('context ')), 0)

    with tempfile.TemporaryDirectory() as home:
        with Window('--model', small_model(), '--device', 'cpu', data_home=home) as window:
            before = wait_for('a count', lambda: figure(window))
            window.activate('win.presets')
            prompt = window.get('text', 'System Prompt')
            assert prompt.get_editable_text_iface().set_text_contents('You are a pirate. ' * 20)
            wait_for('the preset to count', lambda: figure(window) > before + 80)
            with_preset = figure(window)
            window.activate('win.chat-settings')
            own = wait_for('the second dialog', lambda: (window.find_all('text', 'System Prompt') + [None, None])[1])
            assert own.get_editable_text_iface().set_text_contents('Be brief.')
            wait_for('its own prompt to be instead', lambda: before - 40 < figure(window) < with_preset - 60)
        with Window('--model', small_model(), '--device', 'cpu', data_home=home) as window:
            wait_for('the preset to be there again', lambda: figure(window) == with_preset)


if __name__ == '__main__':
    main()
