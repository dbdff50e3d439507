#!/usr/bin/env python3
"""Counts what a run of `meson test` did, case by case, as one line: N passed, N failed[, N skipped].

Usage: summarise-tests.py TESTLOG.json STATUS, where STATUS is the exit status of meson test.

A test program that speaks TAP counts once a case, any other test once. A program that failed counts at least one
failure, even where all the cases that it came to report had passed: it crashed, or ran out of time. Exits with 1 where
anything failed, where nothing ran, or where meson knows of a failure that is not in its log.
"""
import json
import re
import sys

CASE = re.compile(r'(not )?ok\b(?:\s+\d+)?(?:\s*-?\s*(.*?))?\s*(?:(?<!\\)#\s*(skip|todo)\b\s*(.*))?$', re.IGNORECASE)
# meson's results: these say that a program as a whole failed
FAILED = {'FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'}


def cases(output):
    """Yields (passed, name, directive, reason) of the TAP lines in a program's output; indented subtests are part of
    the case that follows them."""
    for line in output.splitlines():
        match = CASE.match(line)
        if match:
            yield not match[1], match[2] or '', (match[3] or '').lower(), match[4] or ''


def count(entry):
    """Returns (passed, failed, [(case, reason) that was skipped]) of one line of the log."""
    passed = failed = 0
    skipped = []
    for ok, name, directive, reason in cases(entry.get('stdout') or ''):
        if directive == 'skip':
            skipped.append((name, reason))
        elif ok or directive == 'todo':
            passed += 1
        else:
            failed += 1
    if entry['result'] in FAILED:
        failed = max(failed, 1)
    elif passed + failed + len(skipped) == 0:
        if entry['result'] == 'SKIP':
            skipped.append(('', (entry.get('stderr') or entry.get('stdout') or '').strip()[-200:]))
        else:
            passed = 1
    return passed, failed, skipped


def explain(entry):
    """Prints why a program failed; meson itself does not show what TAP programs print."""
    print(f'\n---- {entry["name"]}: {entry["result"].lower()}, status {entry.get("returncode")}')
    output = (entry.get('stdout') or '').splitlines()
    wrong = [number for number, line in enumerate(output) if line.startswith('not ok')]
    # what a case has to say stands before its line; where no case failed, the end tells how far the program came
    for number in wrong[:10]:
        print('\n'.join(output[max(0, number - 25):number + 1]))
    if not wrong:
        print('\n'.join(output[-40:]))
    print('\n'.join((entry.get('stderr') or '').splitlines()[-60:]))


def main(log, status):
    totals = [0, 0]
    skips = []
    try:
        with open(log, encoding='utf-8') as file:
            entries = [json.loads(line) for line in file if line.strip()]
    except OSError as error:
        print(f'No test ran: {error}', file=sys.stderr)
        entries = []
    for entry in entries:
        passed, failed, skipped = count(entry)
        if failed:
            explain(entry)
        totals[0] += passed
        totals[1] += failed
        skips += [(f'{entry["name"]} {name}'.strip(), reason) for name, reason in skipped]
    if status != 0 and totals[1] == 0:
        print(f'meson test ended with status {status}, though no test is known to have failed.', file=sys.stderr)
        totals[1] = 1
    if skips:
        print('\nSkipped:')
        for name, reason in skips:
            print(f'  {name}: {reason}' if reason else f'  {name}')
    print(f'\n{totals[0]} passed, {totals[1]} failed' + (f', {len(skips)} skipped' if skips else ''))
    return 1 if totals[1] or not totals[0] else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
