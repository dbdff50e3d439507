#!/usr/bin/env python3
"""./run as a newcomer starts it, in a copy of its scripts where Debian's tools, meson, ninja and the programs are
stand-ins that write down how they were called."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOBODY = 65534

# Each stand-in appends its name and arguments to $CALLS; installed packages are the lines of $INSTALLED.
NOTE = '#!/bin/bash\nprintf "%s\\n" "${0##*/} $*${RIPOSTE_API_KEY+ with a key}" >>"$CALLS"\n'
TOOLS = {
    'dpkg-query': '#!/bin/bash\nshift 3\nfor name; do\n  if grep -qx "$name" "$INSTALLED"; then echo "installed $name"; fi\n'
                  'done\n',
    'apt-get': NOTE + 'case "$*" in *" install "*) [[ -z ${APT_FAILS-} ]] || exit 100\n'
                      'for name; do echo "$name" >>"$INSTALLED"; done ;; esac\necho noise\n',
    'sudo': NOTE + 'exec "$@"\n',
    'meson': NOTE + 'echo noise\n[[ -z ${MESON_FAILS-} ]] || exit 1\nmkdir -p build/meson-private\n'
                    'touch build/meson-private/coredata.dat build/build.ninja\n',
    'ninja': NOTE + 'case "$*" in\n  *" -n"*) if [[ -e build/built ]]; then echo "ninja: no work to do."; fi ;;\n'
                    '  *) echo noise; touch build/built; [[ -z ${NINJA_FAILS-} ]] || { rm build/built; exit 1; } ;;\nesac\n',
}
PROGRAM = '''#!/usr/bin/python3
import json, os, sys
text = sys.stdin.buffer.read().decode('utf-8', 'surrogateescape') if {'-', '--remote'} & set(sys.argv) else None
print(json.dumps({'program': os.path.basename(sys.argv[0]), 'arguments': sys.argv[1:], 'input': text,
                  'folder': os.getcwd(), 'schemas': os.environ.get('GSETTINGS_SCHEMA_DIR'),
                  'key': os.environ.get('RIPOSTE_API_KEY')}))
sys.exit(int(os.environ.get('EXIT', 0)))
'''


def write_program(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, 0o755)


class Clone:
    def __init__(self, installed=True):
        self.folder = tempfile.TemporaryDirectory(prefix='riposte run ')
        self.root = self.path('the clone')
        os.makedirs(os.path.join(self.root, 'data'))
        shutil.copy(os.path.join(ROOT, 'run'), self.root)
        shutil.copytree(os.path.join(ROOT, 'build-aux'), os.path.join(self.root, 'build-aux'))
        shutil.copy(os.path.join(ROOT, 'data', 'models.json'), os.path.join(self.root, 'data'))
        for name, text in TOOLS.items():
            write_program(self.path('bin', name), text)
        write_program(os.path.join(self.root, 'build/engine/cli/riposte-engine'), PROGRAM)
        write_program(os.path.join(self.root, 'build/app/riposte'), PROGRAM)
        write_program(os.path.join(self.root, 'build/app/remote/riposte-ask-remote'), PROGRAM)
        with open(os.path.join(ROOT, 'build-aux', 'packages-run'), encoding='utf-8') as file:
            self.packages = [line.strip() for line in file if line.strip() and not line.startswith('#')]
        with open(self.path('installed'), 'w', encoding='utf-8') as file:
            if installed:
                file.writelines(name + '\n' for name in self.packages)
        with open(os.path.join(ROOT, 'data', 'models.json'), encoding='utf-8') as file:
            catalogue = json.load(file)
        name = next(model['file'] for model in catalogue['models'] if model['id'] == catalogue['default'])
        self.model = self.path('xdg', 'riposte', 'models', name)
        os.makedirs(os.path.dirname(self.model))
        with open(self.model, 'w', encoding='utf-8'):
            pass
        for at, folders, files in os.walk(self.folder.name):
            os.chmod(at, 0o777)
            for file in files:
                os.chmod(os.path.join(at, file), os.stat(os.path.join(at, file)).st_mode | 0o666)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def run(self, *arguments, stdin=subprocess.DEVNULL, data=None, folder=None, user=None, **environment):
        """Returns (status, what the program saw or None, stderr)."""
        env = {'PATH': self.path('bin') + ':/usr/bin:/bin', 'HOME': self.path('home'), 'LC_ALL': 'C',
               'XDG_DATA_HOME': self.path('xdg'), 'CALLS': self.path('calls'), 'INSTALLED': self.path('installed'),
               'DISPLAY': ':7', **environment}
        options = {'input': data} if data is not None else {'stdin': stdin}
        done = subprocess.run([os.path.join(self.root, 'run'), *arguments], env=env, cwd=folder or self.folder.name,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=user, timeout=60, **options)
        saw = json.loads(done.stdout) if done.stdout.startswith(b'{') else None
        assert saw or not done.stdout or '--help' in arguments, f'on standard output: {done.stdout}'
        return done.returncode, saw, done.stderr.decode()

    def calls(self):
        try:
            with open(self.path('calls'), encoding='utf-8') as file:
                return [line.strip() for line in file]
        except FileNotFoundError:
            return []

    def ask(self, *arguments, **options):
        """Returns (what the engine was asked, its other arguments)."""
        status, saw, errors = self.run('ask', *arguments, **options)
        assert status == 0 and saw, errors
        rest = saw['arguments']
        assert rest[0] == 'generate' and rest[2] == '--chat' and rest[-2:] == ['--prompt-file', '-'], rest
        return saw['input'], rest


@tap.case
def the_first_start_installs_configures_and_builds():
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run('engine', 'devices')
        assert status == 0 and saw['program'] == 'riposte-engine' and saw['arguments'] == ['devices'], errors
        calls = clone.calls()
        names = [call.split()[0] for call in calls]
        assert names == ['apt-get', 'apt-get', 'meson', 'ninja', 'ninja'], calls
        assert calls[1].endswith(' install ' + ' '.join(sorted(clone.packages))), calls[1]
        assert '--buildtype=release' in calls[2]


@tap.case
def the_second_start_only_asks_ninja():
    with Clone() as clone:
        clone.run('engine')
        os.unlink(clone.path('calls'))
        status, saw, errors = clone.run('engine', 'devices')
        assert status == 0 and saw and errors == '', errors
        assert clone.calls() == ['ninja -C build -n engine/cli/riposte-engine'], clone.calls()


@tap.case
def only_what_is_missing_is_installed():
    with Clone() as clone:
        with open(clone.path('installed'), 'w', encoding='utf-8') as file:
            file.writelines(name + '\n' for name in clone.packages if name not in ('glslc', 'meson'))
        clone.run('engine')
        assert clone.calls()[1].endswith(' install glslc meson'), clone.calls()


@tap.case
def without_root_sudo_installs():
    if os.geteuid() != 0:
        raise tap.Skip('only root can become somebody else')
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run('engine', user=NOBODY)
        assert status == 0 and saw, errors
        assert [call.split()[0] for call in clone.calls()][:2] == ['sudo', 'apt-get'], clone.calls()


@tap.case
def without_root_and_sudo_it_says_what_to_install():
    if os.geteuid() != 0:
        raise tap.Skip('only root can become somebody else')
    with Clone(installed=False) as clone:
        os.unlink(clone.path('bin', 'sudo'))
        # everything that the machine has, except its sudo
        os.mkdir(clone.path('system'))
        for name in os.listdir('/usr/bin'):
            if name != 'sudo':
                os.symlink('/usr/bin/' + name, clone.path('system', name))
        status, saw, errors = clone.run('engine', user=NOBODY, PATH=clone.path('bin') + ':' + clone.path('system'))
        assert status == 1 and not saw
        assert 'apt-get install ' + ' '.join(sorted(clone.packages)) in errors and 'neither root' in errors, errors


@tap.case
def a_failed_installation_stops_with_advice():
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run('engine', APT_FAILS='1')
        assert status == 1 and not saw and 'could not install' in errors, errors


@tap.case
def a_failed_configuration_or_build_stops_with_its_output():
    for variable in ('MESON_FAILS', 'NINJA_FAILS'):
        with Clone() as clone:
            status, saw, errors = clone.run('engine', **{variable: '1'})
            assert status == 1 and not saw and 'noise' in errors and 'failed' in errors, errors
            status, saw, errors = clone.run('engine')
            assert status == 0 and saw, errors


@tap.case
def a_clone_that_was_moved_is_configured_again():
    with Clone() as clone:
        clone.run('engine')
        moved = clone.path('moved')
        os.rename(clone.root, moved)
        clone.root = moved
        clone.run('engine')
        assert any(call.startswith('meson setup --wipe') for call in clone.calls()), clone.calls()


@tap.case
def the_question_reaches_the_model_as_it_is():
    with Clone() as clone:
        for question in ('Reverse a string', '-x means what?', '--temp is what', "it's \"quoted\" $HOME `id` \\n %s",
                         'two\nlines', 'ünïcödé ☃', 'x' * 100_000):
            assert clone.ask(question)[0] == question, question
        assert clone.ask('How', 'do', 'I', 'sort?')[0] == 'How do I sort?'
        assert clone.ask('--', '--help')[0] == '--help'
        assert clone.ask('What', 'is', '--temp', 'for?')[0] == 'What is --temp for?'
        assert clone.ask('--', 'What', 'is', '--remote', 'for?')[0] == 'What is --remote for?'
        assert clone.ask('--', '--model', 'x')[0] == '--model x'
        assert clone.ask('', data=b'from the pipe')[0] == 'from the pipe'


@tap.case
def the_default_model_is_asked():
    with Clone() as clone:
        assert clone.ask('x')[1][1] == clone.model


@tap.case
def options_of_ask_reach_the_engine():
    with Clone() as clone:
        question, rest = clone.ask('--temp', '0', '--seed=3', '--device', 'cpu', '-n', '5', 'why')
        joined = ' '.join(rest)
        assert question == 'why' and joined.endswith('--temp 0 --seed 3 --device cpu -n 5 --prompt-file -'), joined


@tap.case
def a_dash_adds_standard_input():
    with Clone() as clone:
        assert clone.ask('Review:', '-', data=b'a\n\xffb\n')[0] == 'Review:\n\na\n\udcffb\n'
        assert clone.ask('-', data=b'only this')[0] == 'only this'
        assert clone.ask(data=b'only this')[0] == 'only this'
        assert clone.ask('-', data=b'y' * 1_000_000)[0] == 'y' * 1_000_000


@tap.case
def an_open_pipe_is_not_waited_for():
    reader, writer = os.pipe()
    try:
        with Clone() as clone:
            assert clone.ask('x', stdin=reader)[0] == 'x'
    finally:
        os.close(reader)
        os.close(writer)


@tap.case
def input_that_nobody_asked_for_is_mentioned():
    with Clone() as clone:
        status, saw, errors = clone.run('ask', 'Review', data=b'a diff')
        assert status == 0 and saw['input'] == 'Review' and 'adds it to the question' in errors, errors


@tap.case
def the_status_of_the_program_is_passed_on():
    with Clone() as clone:
        for arguments in (['engine', 'x'], ['ask', 'x'], []):
            assert clone.run(*arguments, EXIT='3')[0] == 3, arguments


@tap.case
def relative_files_are_the_callers():
    with Clone() as clone:
        here = clone.path('here')
        os.mkdir(here)
        assert clone.run('engine', 'inspect', 'm.gguf', folder=here)[1]['folder'] == here
        assert clone.ask('--model', 'm.gguf', 'x', folder=here)[1][1] == here + '/m.gguf'
        assert clone.ask('--model=/m.gguf', 'x', folder=here)[1][1] == '/m.gguf'
        saw = clone.run('--model', 'm.gguf', 'file.py', folder=here)[1]
        assert saw['program'] == 'riposte' and saw['folder'] == here, saw
        assert saw['arguments'] == ['--model', here + '/m.gguf', 'file.py'], saw


@tap.case
def it_can_be_called_through_a_link():
    with Clone() as clone:
        os.symlink(os.path.join(clone.root, 'run'), clone.path('bin', 'riposte'))
        done = subprocess.run(['riposte', '--help'], env={'PATH': clone.path('bin') + ':/usr/bin:/bin'},
                              capture_output=True, text=True, cwd='/')
        assert done.returncode == 0 and './run ask' in done.stdout and not done.stderr, done


@tap.case
def the_window_opens_with_what_is_not_installed():
    with Clone() as clone:
        status, saw, errors = clone.run()
        assert status == 0 and saw['program'] == 'riposte' and saw['arguments'] == [], errors
        assert saw['schemas'] == os.path.join(clone.root, 'build', 'data'), saw


@tap.case
def without_a_display_it_says_so_before_anything_else():
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run(DISPLAY='')
        assert status == 1 and not saw and './run ask' in errors, errors
        assert clone.calls() == []


@tap.case
def an_option_without_its_value_is_told():
    with Clone() as clone:
        for arguments in (['--model'], ['ask', '--model'], ['ask', '--seed']):
            status, saw, errors = clone.run(*arguments)
            assert status == 1 and not saw and 'needs a value' in errors, (arguments, errors)


SERVICE = ('ask', '--remote', 'https://api.example.com/v1', '--remote-model', 'big')


@tap.case
def a_service_is_asked_without_any_model():
    with Clone() as clone:
        os.unlink(clone.model)
        status, saw, errors = clone.run(*SERVICE, '--temp', '0', '--seed=3', '--timeout=9', '-n', '5', '--allow-http', 'How',
                                        'so?')
        assert status == 0 and saw['program'] == 'riposte-ask-remote', errors
        assert ' '.join(saw['arguments']) == '--remote https://api.example.com/v1 --remote-model big --temp 0 --seed 3 ' \
            '--timeout 9 -n 5 --allow-http', saw
        assert saw['input'] == 'How so?' and saw['key'] is None
        assert saw['schemas'] == os.path.join(clone.root, 'build', 'data'), saw
        assert clone.calls() == ['ninja -C build -n app/remote/riposte-ask-remote data/gschemas.compiled'] or \
            clone.calls()[-1] == 'ninja -C build app/remote/riposte-ask-remote data/gschemas.compiled', clone.calls()
        assert clone.run('ask', '--remote=https://x.example/v1', '--remote-model=m', '-', data=b'a\n')[1]['input'] == 'a\n'
        assert clone.run(*SERVICE, 'x', EXIT='1')[0] == 1


@tap.case
def the_key_reaches_that_program_and_no_other():
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run(*SERVICE, 'x', RIPOSTE_API_KEY='canary')
        assert status == 0 and saw['key'] == 'canary', errors
        assert 'canary' not in str(saw['arguments']) + errors
        assert len(clone.calls()) > 3 and not any('with a key' in call for call in clone.calls()), clone.calls()
        for arguments in ((), ('engine', 'x'), ('ask', 'x')):
            assert clone.run(*arguments, RIPOSTE_API_KEY='canary')[1]['key'] is None, arguments
        # nor who writes the question: it would be seen in its environment
        reader, writer = os.pipe()
        command = [os.path.join(clone.root, 'run'), *SERVICE, '-']
        env = {'PATH': clone.path('bin') + ':/usr/bin:/bin', 'HOME': clone.path('home'), 'RIPOSTE_API_KEY': 'canary',
               'XDG_DATA_HOME': clone.path('xdg'), 'CALLS': clone.path('calls'), 'INSTALLED': clone.path('installed')}
        process = subprocess.Popen(command, env=env, stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            seen = wait_for_child(process.pid, 'cat')
            assert b'canary' not in seen and b'PATH=' in seen, seen
        finally:
            os.close(reader)
            os.close(writer)
            process.communicate(timeout=60)


def wait_for_child(pid, name):
    """The environment of the child that has become @name."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with open(f'/proc/{pid}/task/{pid}/children', encoding='utf-8') as file:
            for child in file.read().split():
                try:
                    with open(f'/proc/{child}/comm', encoding='utf-8') as file:
                        if file.read().strip() == name:
                            with open(f'/proc/{child}/environ', 'rb') as file:
                                return file.read()
                except FileNotFoundError:
                    pass
        time.sleep(0.02)
    raise AssertionError(f'no {name} among the children')


@tap.case
def offline_refuses_a_service_before_anything_is_done():
    for arguments in ((*SERVICE, '--offline', 'x'), ('ask', '--offline', *SERVICE[1:], 'x'),
                      (*SERVICE, 'x', '--offline')):
        with Clone(installed=False) as clone:
            status, saw, errors = clone.run(*arguments)
            assert status == 1 and not saw and '--offline' in errors, errors
            assert clone.calls() == [], clone.calls()


@tap.case
def offline_asks_the_model_that_is_there():
    with Clone() as clone:
        assert clone.ask('--offline', 'x')[1][1] == clone.model
        os.unlink(clone.model)
        status, saw, errors = clone.run('ask', '--offline', 'x')
        assert status == 1 and not saw and 'offline' in errors, errors
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run('ask', '--offline', 'x')
        assert status == 1 and not saw and 'offline' in errors and clone.calls() == [], errors


@tap.case
def an_offline_window_fetches_nothing_and_is_told():
    with Clone() as clone:
        for arguments in (('--offline',), ('--model', 'm.gguf', '--offline'), ('--offline', '--model=m.gguf', 'x.c'),
                          ('x.c', '--offline')):
            status, saw, errors = clone.run(*arguments, DISPLAY=':9')
            assert status == 0 and saw['arguments'][0] == '--offline', (arguments, saw, errors)
        assert clone.run('x.c', '--', '--offline', DISPLAY=':9')[1]['arguments'] == ['x.c', '--', '--offline']
    with Clone(installed=False) as clone:
        status, saw, errors = clone.run('--offline', DISPLAY=':9')
        assert status == 1 and not saw and 'offline' in errors and clone.calls() == [], errors


@tap.case
def an_option_that_is_none_or_comes_too_late_is_no_question():
    with Clone() as clone:
        for arguments in (('--nonsense', 'x'), ('--remot=x', 'x'), ('x', '--remote', 'https://x.example/v1'),
                          ('x', '--remote-model=m'), (*SERVICE[1:], '--remote-modle', 'm', 'x')):
            status, saw, errors = clone.run('ask', *arguments)
            assert status == 1 and not saw and 'before the question' in errors, (arguments, errors)
        assert clone.calls() == []


@tap.case
def options_of_a_service_and_of_a_model_do_not_mix():
    with Clone() as clone:
        for arguments in (('ask', '--remote', 'https://x.example/v1', 'x'), ('ask', '--remote-model', 'm', 'x'),
                          ('ask', '--timeout=3', 'x'), (*SERVICE, '--model', 'm.gguf', 'x'), (*SERVICE, '--device=cpu', 'x')):
            status, saw, errors = clone.run(*arguments)
            assert status == 1 and not saw and '--' in errors, (arguments, errors)
        assert clone.calls() == []


if __name__ == '__main__':
    tap.main()
