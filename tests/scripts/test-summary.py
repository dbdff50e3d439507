#!/usr/bin/env python3
"""build-aux/summarise-tests.py counts what ran, and cannot be talked into passing."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def summarise(*entries, status=0):
    """Returns (exit status, last line, all output) for a log of (name, result, stdout)."""
    with tempfile.NamedTemporaryFile('w', suffix='.json') as log:
        for name, result, output in entries:
            log.write(json.dumps({'name': name, 'result': result, 'stdout': output, 'stderr': '', 'returncode': 0}))
            log.write('\n')
        log.flush()
        return run(log.name, status)


def run(log, status):
    done = subprocess.run([sys.executable, os.path.join(ROOT, 'build-aux', 'summarise-tests.py'), log, str(status)],
                          capture_output=True, text=True)
    assert 'Traceback' not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()[-1], done.stdout


def expect(got, status, line, *texts):
    assert got[:2] == (status, line), got
    for text in texts:
        assert text in got[2], got[2]


@tap.case
def counts_the_cases_of_tap_programs():
    output = '# random seed: R02S1\n1..3\n# Start of x tests\nok 1 /x/a\nok 2 /x/b\nok 3 - c\n# End of x tests\n'
    expect(summarise(('a', 'OK', output), ('b', 'OK', 'ok 1\n1..1\n')), 0, '4 passed, 0 failed')


@tap.case
def a_program_without_tap_is_one_test():
    expect(summarise(('a', 'OK', 'okay, all is well\n'), ('b', 'OK', None)), 0, '2 passed, 0 failed')


@tap.case
def skips_are_counted_and_explained():
    output = 'ok 1 /a\nok 2 /b # SKIP no model here\nok 3 /c # skip\n1..3\n'
    expect(summarise(('a', 'OK', output), ('b', 'SKIP', '')), 0, '1 passed, 0 failed, 3 skipped', 'no model here')


@tap.case
def a_failed_case_fails_the_run():
    expect(summarise(('a', 'FAIL', 'ok 1 /a\n# expected 3, got 4\nnot ok 2 /b\n1..2\n'), status=1), 1,
           '1 passed, 1 failed', 'expected 3, got 4')


@tap.case
def a_crash_after_passing_cases_is_a_failure():
    expect(summarise(('a', 'ERROR', '1..3\nok 1 /a\nok 2 /b\n'), status=1), 1, '2 passed, 1 failed')


@tap.case
def a_time_out_is_a_failure():
    expect(summarise(('a', 'TIMEOUT', ''), status=1), 1, '0 passed, 1 failed')


@tap.case
def subtests_count_once():
    output = '# Subtest: x\n    ok 1 - deep\n    not ok 2 - deep # TODO\n    1..2\nok 1 - x\n1..1\n'
    expect(summarise(('a', 'OK', output)), 0, '1 passed, 0 failed')


@tap.case
def a_hash_in_a_name_is_no_directive():
    expect(summarise(('a', 'OK', 'ok 1 - C# and skipping # of rows\n1..1\n')), 0, '1 passed, 0 failed')


@tap.case
def mesons_own_failure_is_not_lost():
    expect(summarise(('a', 'OK', 'ok 1\n1..1\n'), status=2), 1, '1 passed, 1 failed')


@tap.case
def nothing_is_not_a_pass():
    expect(summarise(), 1, '0 passed, 0 failed')
    expect(run('/nonexistent/testlog.json', 0), 1, '0 passed, 0 failed')


@tap.case
def only_skips_are_not_a_pass():
    expect(summarise(('a', 'SKIP', 'ok 1 # SKIP x\n1..1\n')), 1, '0 passed, 0 failed, 1 skipped')


if __name__ == '__main__':
    tap.main()
