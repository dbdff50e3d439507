#!/usr/bin/env python3
"""Writes engine/unicode-data.h: the general category of every code point, as runs.

Usage: make-unicode.py >engine/unicode-data.h

The tokenizers that models were made with split text by these categories, so their Unicode version is part of the
models. This wants a Python whose unicodedata is of the version that they use today.
"""
import sys
import unicodedata

VERSION = "16.0.0"
# The order of RpCategory in unicode.h.
NAMES = "Cc Cf Cn Co Cs Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs".split()


def runs():
    last = None
    for code in range(sys.maxunicode + 1):
        category = NAMES.index(unicodedata.category(chr(code)))
        if category != last:
            yield code << 8 | category
            last = category


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit(f"make-unicode.py: this Python has Unicode {unicodedata.unidata_version}, not {VERSION}")
    print(f"/* Written by build-aux/make-unicode.py from Unicode {VERSION}: where a run of one category begins << 8, and")
    print(" * the RpCategory. */")
    print("/* clang-format off */")
    print("static const guint32 category_runs[] = {")
    words = [f"0x{run:x}," for run in runs()]
    line = " "
    for word in words:
        if len(line) + 1 + len(word) > 118:
            print(line)
            line = " "
        line += " " + word
    print(line)
    print("};")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
