"""The little of TAP that test scripts need: a function a case, skips with a reason, traces of what failed."""
import sys
import traceback


class Skip(Exception):
    pass


CASES = []


def case(function):
    """Decorator: the function is a case, named by its name."""
    CASES.append(function)
    return function


def main():
    """Runs the cases, or those that the command line names, and exits with 1 where one failed."""
    chosen = [function for function in CASES if not sys.argv[1:] or function.__name__ in sys.argv[1:]]
    print(f'1..{len(chosen)}', flush=True)
    failed = False
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace('_', ' ')
        try:
            function()
        except Skip as reason:
            print(f'ok {number} - {name} # SKIP {reason}', flush=True)
        except Exception:
            failed = True
            print(''.join('# ' + line + '\n' for line in traceback.format_exc().splitlines()), end='')
            print(f'not ok {number} - {name}', flush=True)
        else:
            print(f'ok {number} - {name}', flush=True)
    sys.exit(failed)
