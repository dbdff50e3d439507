#!/usr/bin/env python3
"""What the desktop reads of Riposte is valid and agrees with itself, and everything translatable can be translated.

test-data.py DESKTOP-FILE METAINFO: both as the build merged them."""
import gettext
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, 'data')
PO = os.path.join(ROOT, 'po')
DESKTOP, METAINFO = sys.argv[1:3]
del sys.argv[1:3]


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def run(*command):
    """Runs a tool of the desktop's; skips where it is not installed."""
    if not shutil.which(command[0]):
        raise tap.Skip(f'{command[0]} is not installed')
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f'{" ".join(command)}:\n{done.stdout}{done.stderr}'
    return done.stdout + done.stderr


def app_id():
    return re.search(r"^app_id = '(.*)'$", read('app/meson.build'), re.MULTILINE).group(1)


def files(pattern):
    """Paths from the root."""
    return sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, pattern), recursive=True))


def lines(path):
    return [line for line in read(path).splitlines() if line and not line.startswith('#')]


def languages():
    return [word for line in lines('po/LINGUAS') for word in line.split()]


@tap.case
def the_desktop_file_is_valid():
    out = run('desktop-file-validate', DESKTOP)
    assert not out.strip(), out


@tap.case
def the_metainfo_is_valid():
    run('appstreamcli', 'validate', '--no-net', METAINFO)


@tap.case
def the_settings_schema_is_valid():
    run('glib-compile-schemas', '--strict', '--dry-run', DATA)


@tap.case
def user_interface_files_are_well_formed():
    found = files('app/**/*.ui') + files('**/*.gresource.xml') + files('data/**/*.svg')
    assert len(found) > 5
    run('xmllint', '--noout', '--nonet', *(os.path.join(ROOT, path) for path in found))


@tap.case
def everything_has_the_name_of_the_application():
    name = app_id()
    for path in (f'data/{name}.desktop.in', f'data/{name}.metainfo.xml.in', f'data/{name}.gschema.xml',
                 f'data/icons/hicolor/scalable/apps/{name}.svg',
                 f'data/icons/hicolor/symbolic/apps/{name}-symbolic.svg'):
        assert os.path.isfile(os.path.join(ROOT, path)), path
    assert f'\nIcon={name}\n' in read(f'data/{name}.desktop.in')
    metainfo = ET.fromstring(read(f'data/{name}.metainfo.xml.in'))
    assert metainfo.findtext('id') == name
    assert metainfo.findtext('launchable') == name + '.desktop'
    schema = ET.fromstring(read(f'data/{name}.gschema.xml')).find('schema')
    assert schema.get('id') == name and schema.get('path') == '/' + name.replace('.', '/') + '/'


@tap.case
def the_bus_starts_the_program_by_its_name():
    name = app_id()
    assert '\nDBusActivatable=true\n' in read(f'data/{name}.desktop.in')
    assert 'Name=@app_id@\nExec=@bindir@/riposte --gapplication-service\n' in read(f'data/{name}.service.in')
    metainfo = ET.fromstring(read(f'data/{name}.metainfo.xml.in'))
    assert metainfo.findtext('provides/dbus') == name


@tap.case
def the_manual_pages_are_well_formed_and_complete():
    for page in ('riposte.1', 'riposte-engine.1'):
        out = run('man', '--warnings', '-E', 'UTF-8', '-l', os.path.join(DATA, page))
        assert 'warning' not in out, out
        assert out.strip().startswith(page.split('.')[0].upper()), out[:200]
    # options of the window's program, from its own table
    options = set(re.findall(r'^  { "([a-z-]+)", .*G_OPTION_ARG', read('app/application.c'), re.MULTILINE))
    assert len(options) > 4
    manual = read('data/riposte.1').replace('\\', '')
    for option in options:
        assert f'--{option}' in manual, option
    manual = read('data/riposte-engine.1')
    for path in files('engine/cli/cmd-*.c'):
        command = re.search(r'cmd-(.*)\.c', path).group(1)
        assert re.search(rf'^\.BR? {command}\b', manual, re.MULTILINE), command


@tap.case
def the_newest_release_is_this_version():
    version = re.search(r"^  version: '(.*)',$", read('meson.build'), re.MULTILINE).group(1)
    metainfo = ET.fromstring(read(f'data/{app_id()}.metainfo.xml.in'))
    assert metainfo.find('releases')[0].get('version') == version


@tap.case
def icons_are_drawn_at_their_size():
    name = app_id()
    for folder, suffix, size in (('scalable', '', 128), ('symbolic', '-symbolic', 16)):
        svg = ET.fromstring(read(f'data/icons/hicolor/{folder}/apps/{name}{suffix}.svg'))
        assert svg.get('viewBox') == f'0 0 {size} {size}'
        # nothing from elsewhere, and no picture inside
        assert not svg.findall('.//{http://www.w3.org/2000/svg}image')
        for node in svg.iter():
            assert node.get('href', '#').startswith('#')


@tap.case
def every_setting_is_used():
    sources = ''.join(read(path) for path in files('app/**/*.c'))
    schema = ET.fromstring(read(f'data/{app_id()}.gschema.xml')).find('schema')
    unused = [key.get('name') for key in schema.iter('key') if f'"{key.get("name")}"' not in sources]
    assert not unused, unused


@tap.case
def the_catalogue_of_models_is_complete_and_agrees_with_itself():
    content = json.loads(read('data/models.json'))
    models = content['models']
    texts = set(re.findall(r'N_ \("(.*?)"\)', read('app/models/catalogue.c')))
    for field in ('id', 'name', 'file', 'url'):
        values = [model[field] for model in models if field in model]
        assert len(set(values)) == len(values), field
    assert content['default'] in [model['id'] for model in models if 'url' in model and 'packages' in model]
    for model in models:
        name = model['id']
        fields = {'id', 'name', 'publisher', 'about', 'licence', 'context', 'parameters', 'active_parameters',
                  'context_bytes', 'file', 'size', 'sha256'}
        assert fields <= set(model) <= fields | {'url', 'packages'}, name
        assert model['url' if 'url' in model else 'packages'], name
        for field in ('id', 'name', 'publisher', 'about', 'licence', 'file'):
            assert isinstance(model[field], str) and model[field].strip() == model[field] != '', (name, field)
        for field in ('context', 'parameters', 'active_parameters', 'context_bytes', 'size'):
            assert type(model[field]) is int and model[field] > 0, (name, field)
        # nobody publishes one, or somebody did
        assert model['sha256'] is None or re.fullmatch('[0-9a-f]{64}', model['sha256']), name
        assert model['active_parameters'] <= model['parameters'], name
        # the quantized weights of that many parameters: between 3 and 9 bits each
        assert 3 / 8 < model['size'] / model['parameters'] < 9 / 8, name
        assert re.fullmatch(r'[\w.-]+\.gguf', model['file']), name
        assert model['id'] == model['id'].lower() and not model['about'].endswith('.'), name
        if 'url' in model:
            assert re.fullmatch(r'https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/(main|[0-9a-f]{40})/[\w.-]+\.gguf',
                                model['url']), name
            assert model['url'].endswith('/' + model['file']), name
            assert model['about'] in texts, f'“{model["about"]}” is not in app/models/catalogue.c, for translators'
    assert texts == {model['about'] for model in models if 'url' in model}
    wanted = ('Qwen3 Coder 30B-A3B', 'gpt-oss 20B', 'DeepSeek Coder V2 Lite', 'Granite', 'OLMoE', 'Qwen2.5 Coder 0.5B',
              'Qwen2.5 Coder 7B')
    for name in wanted:
        assert any(model['name'].startswith(name) for model in models), name


def translatable():
    """Files that have something for a translator."""
    found = []
    for path in files('app/**/*.c') + files('app/**/*.h'):
        if re.search(r'(?<![A-Za-z0-9_])(?:N?_|C_|NC_|ngettext|g_dngettext|g_dpgettext2) ?\(\s*"', read(path)):
            found.append(path)
    found += [path for path in files('app/**/*.ui') if 'translatable="yes"' in read(path)]
    return sorted(found + [f'data/{app_id()}{suffix}' for suffix in ('.desktop.in', '.metainfo.xml.in')])


@tap.case
def what_can_be_translated_is_listed():
    listed = lines('po/POTFILES.in')
    assert listed == sorted(listed), 'po/POTFILES.in is not in alphabetical order'
    assert listed == translatable(), f'po/POTFILES.in lacks {sorted(set(translatable()) - set(listed))}, ' \
        f'and has in vain {sorted(set(listed) - set(translatable()))}'


@tap.case
def text_in_user_interface_files_is_marked():
    attributes = {'label', 'title', 'tooltip-text', 'placeholder-text', 'description', 'subtitle', 'heading', 'body'}
    for path in files('app/**/*.ui'):
        for node in ET.fromstring(read(path)).iter():
            text = (node.text or '').strip()
            if node.tag in ('property', 'attribute') and node.get('name') in attributes and not node.get('bind-source') \
                    and re.search('[A-Za-z]{2}', text):
                assert node.get('translatable') == 'yes' or node.get('translatable') == 'no', f'{path}: “{text}”'


@tap.case
def translations_are_valid_and_complete():
    assert languages() == sorted(languages())
    assert [f'po/{code}.po' for code in languages()] == files('po/*.po')
    for code in languages():
        out = run('msgfmt', '--check', '--statistics', '--output-file=/dev/null', os.path.join(PO, code + '.po'))
        assert 'untranslated' not in out and 'fuzzy' not in out and 'warning' not in out, f'{code}: {out}'


@tap.case
def every_string_is_translated():
    with tempfile.TemporaryDirectory() as folder:
        pot = os.path.join(folder, 'riposte.pot')
        run('xgettext', '--from-code=UTF-8', '--add-comments=Translators', '--keyword=_', '--keyword=N_',
            '--keyword=C_:1c,2', '--keyword=NC_:1c,2', '--directory=' + ROOT, '--output=' + pot,
            *lines('po/POTFILES.in'))
        with open(pot, encoding='utf-8') as file:
            assert file.read().count('\nmsgid ') > 100
        lacking = []
        for code in languages():
            merged = os.path.join(folder, code + '.po')
            run('msgmerge', '--quiet', '--no-fuzzy-matching', '--output-file=' + merged,
                os.path.join(PO, code + '.po'), pot)
            missing = run('msgattrib', '--untranslated', '--no-obsolete', merged).count('\nmsgid "')
            if missing > 1:
                lacking.append(f'{code} lacks {missing - 1} strings')
        assert not lacking, f'{lacking}: run po/update, and translate what it left empty'


def translations(code):
    """What each message is in a language; the source has none."""
    if code == 'en':
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'messages.mo')
        run('msgfmt', '--output-file=' + path, os.path.join(PO, code + '.po'))
        with open(path, 'rb') as file:
            return gettext.GNUTranslations(file)._catalog


def menus():
    """Of each menu and submenu, its file and the labels that are open together."""
    for path in files('app/**/*.ui'):
        for menu in ET.fromstring(read(path)).iter():
            if menu.tag in ('menu', 'submenu'):
                inner = [node for sub in menu.iter('submenu') if sub is not menu for node in sub.iter('item')]
                yield path, [label.text for item in menu.iter('item') if item not in inner
                             for label in item.findall('attribute') if label.get('name') == 'label']


@tap.case
def a_letter_opens_one_item_of_a_menu():
    assert sum(len(labels) for path, labels in menus()) > 20
    for code in ['en', *languages()]:
        known = translations(code)
        for path, labels in menus():
            words = [known.get(label, label) for label in labels]
            letters = [found.group(1).lower() for found in (re.search('_(.)', word) for word in words) if found]
            assert len(letters) == len(set(letters)), f'{code}: {path}: {words}'


tap.main()
