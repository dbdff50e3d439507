#!/usr/bin/env python3
"""Writes what tests/test-tokenizer.c compares with: texts.jsonl, ids.txt and pieces.txt.

Usage: tokenizer.py VOCABULARIES FOLDER, where VOCABULARIES has ggml-vocab-NAME.gguf of real models, and FOLDER is tokenizer/ here.

The reference is Hugging Face's tokenizers, given the tokens and merges of such a file and what the tokenizer.json of
its family says besides: that is the model's own tokenizer. Wants the packages tokenizers and gguf.

texts.jsonl has a JSON string a line. ids.txt has a line a text, after one that names the columns: for each vocabulary a
hash of the ids, without special tokens and with them. pieces.txt has a line a text likewise: for each pre-tokenizer a
hash of where its pieces end, in bytes.
"""
import json
import os
import sys

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import texts  # noqa: E402

SEED, COUNT = 20261124, 320
VOCABULARIES = ["command-r", "deepseek-coder", "deepseek-llm", "falcon", "gpt-2", "gpt-neox", "llama-bpe", "llama-spm",
                "phi-3", "qwen2", "qwen35", "refact", "starcoder"]

GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
DIGITS = pre_tokenizers.Digits(individual_digits=True)

CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
BLANKS = r"\s+(?!\S)|\s+"
LETTERS = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|"
SIGNS = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|" + BLANKS
LLAMA3 = LETTERS + r"\p{N}{1,3}" + SIGNS
QWEN2 = LETTERS + r"\p{N}" + SIGNS
QWEN35 = (CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|" + BLANKS)
CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
CJK3 = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
DEEPSEEK3 = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
             r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|" + BLANKS)


def cased(but, suffix, numbers, after):
    lead = r"[^\r\n\p{L}\p{N}]?"
    upper, lower = rf"[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{but}]", rf"[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{but}]"
    return (f"{lead}{upper}*{lower}+{suffix}|{lead}{upper}+{lower}*{suffix}|{numbers}"
            rf"| ?[^\s\p{{L}}\p{{N}}]+{after}|\s*[\r\n]+|" + BLANKS)


def o200k(suffix, numbers):
    return cased("", suffix, numbers, r"[\r\n/]*")


def sequence(*steps):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(step), "isolated") if isinstance(step, str) else step
                                    for step in steps])


def cased_letters():
    """DeepSeek's list of letters, which is in its file as characters: the runs in pretokenizer.c."""
    source = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../engine/pretokenizer.c")).read()
    body = source.split("#define CASED_LETTERS")[1].split("\n\n")[0]
    return "".join(part for i, part in enumerate(body.split('"')) if i % 2).replace("\\\\x", "\\x")


PRE = {
    "gpt-2": sequence(GPT2),
    "gpt-neox": sequence(GPT2),
    "starcoder": sequence(DIGITS, GPT2),
    "refact": sequence(DIGITS, GPT2),
    "command-r": sequence(DIGITS, GPT2),
    "falcon": sequence(pre_tokenizers.Punctuation("contiguous"), GPT2, "[0-9][0-9][0-9]"),
    "llama-bpe": sequence(LLAMA3, BYTES),
    "chatglm-bpe": sequence(LLAMA3, BYTES),
    "qwen2": sequence(QWEN2, BYTES),
    "qwen35": sequence(QWEN35, BYTES),
    "gpt-4o": sequence(o200k(CONTRACTION + "?", r"\p{N}{1,3}"), BYTES),
    "tekken": sequence(o200k("", r"\p{N}"), BYTES),
    "tiny_aya": sequence(r"\d{1,3}(?=(?:\d{3})*\b)", o200k(CONTRACTION + "?", r"\p{N}{1,3}"), BYTES),
    "kimi-k2": sequence(r"[\p{Han}]+|" + cased(r"&&[^\p{Han}]", CONTRACTION + "?", r"\p{N}{1,3}", r"[\r\n]*"), BYTES),
    "deepseek-llm": sequence(r"[\r\n]", rf"\s?[{cased_letters()}]+",
                             "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+", r"\s+$", CJK, DIGITS,
                             BYTES),
    "deepseek-coder": sequence(r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", CJK, DIGITS, BYTES),
    "deepseek-v3": sequence(r"\p{N}{1,3}", CJK3, DEEPSEEK3, BYTES),
    "bloom": sequence(" ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+", BYTES),
    "bailingmoe": sequence(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|"
                           + BLANKS, BYTES),
    "seed-coder": sequence(CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|" + BLANKS,
                           BYTES),
    "exaone-moe": sequence(CONTRACTION + r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"
                           r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|" + BLANKS, BYTES),
    "superbpe": sequence(r"\p{N}+", r"(?=(\d{3})+(?!\d))", BYTES),
    "jais-2": sequence(LETTERS + r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
                       + "".join(rf"\s{{{n}}}(?!\S)|" for n in (512, 256, 128, 64, 32, 16, 8, 4)) + r"\s{1,2}(?!\S)|\s{1}",
                       BYTES),
}
NFC = {"qwen2", "qwen35", "command-r", "gpt-neox"}
IGNORES_MERGES = {"llama-bpe"}
NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4


def make_bpe(name, tokens, types, merges):
    vocabulary = {token: i for i, (token, type) in enumerate(zip(tokens, types)) if type == NORMAL}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(merge.split(" ")) for merge in merges],
                                     ignore_merges=name in IGNORES_MERGES))
    tokenizer.pre_tokenizer = PRE[name]
    if name in NFC:
        tokenizer.normalizer = normalizers.NFC()
    return tokenizer


def make_spm(tokens, types, scores):
    """As transformers converts SentencePiece: every way that a token comes together is a merge, by the token's score."""
    vocabulary = {token: i for i, token in enumerate(tokens)}
    normal = {token for token, type in zip(tokens, types) if type == NORMAL}
    merges = sorted((-scores[vocabulary[token]], vocabulary[token], vocabulary[token[:k]], token[:k], token[k:])
                    for token in normal for k in range(1, len(token)) if {token[:k], token[k:]} <= normal)
    tokenizer = Tokenizer(models.BPE(vocabulary, [merge[3:] for merge in merges], unk_token="<unk>", fuse_unk=True,
                                     byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    return tokenizer


def make_tokenizer(name, path):
    """Returns the tokenizer, and the file's ids of those that it numbers itself."""
    reader = GGUFReader(path)

    def get(key):
        field = reader.fields.get("tokenizer.ggml." + key)
        return field.contents() if field else None

    tokens, types = get("tokens"), get("token_type")
    if get("model") == "gpt2":
        tokenizer = make_bpe(name, tokens, types, get("merges"))
    else:
        tokenizer = make_spm(tokens, types, get("scores"))
    ids = {}
    for i, (token, type) in enumerate(zip(tokens, types)):
        if type not in (UNKNOWN, CONTROL, USER_DEFINED):
            continue
        strips = name == "phi-3" and token not in ("<unk>", "<s>", "<|endoftext|>")
        added = AddedToken(token, special=type != USER_DEFINED, normalized=False, rstrip=strips)
        (tokenizer.add_tokens if type == USER_DEFINED else tokenizer.add_special_tokens)([added])
        ids[tokenizer.token_to_id(token)] = i
    return tokenizer, ids


def fnv(numbers):
    value = 0x811c9dc5
    for number in numbers:
        for byte in number.to_bytes(4, "little"):
            value = (value ^ byte) * 0x01000193 & 0xffffffff
    return f"{value:08x}"


def id_columns(folder, all_texts):
    for name in VOCABULARIES:
        tokenizer, ids = make_tokenizer(name, os.path.join(folder, f"ggml-vocab-{name}.gguf"))
        for special in (False, True):
            tokenizer.encode_special_tokens = not special
            encodings = tokenizer.encode_batch(all_texts, add_special_tokens=False)
            yield name + ("+special" if special else ""), [fnv(ids.get(i, i) for i in one.ids) for one in encodings]


def piece_ends(pre_tokenizer, text):
    """Byte-level pieces are shown with a character a byte, so their lengths are those in bytes."""
    end = 0
    for piece, _ in pre_tokenizer.pre_tokenize_str(text):
        end += len(piece)
        yield end


def piece_columns(all_texts):
    for name, pre_tokenizer in PRE.items():
        yield name, [fnv(piece_ends(pre_tokenizer, text)) for text in all_texts]


def write_table(path, columns):
    names, values = zip(*columns)
    with open(path, "w", encoding="ascii") as file:
        for row in [names, *zip(*values)]:
            file.write(" ".join(row) + "\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    vocabularies, out = sys.argv[1:]
    all_texts = list(texts.texts(SEED, COUNT))
    with open(os.path.join(out, "texts.jsonl"), "w", encoding="ascii") as file:
        file.writelines(json.dumps(text) + "\n" for text in all_texts)
    write_table(os.path.join(out, "ids.txt"), list(id_columns(vocabularies, all_texts)))
    write_table(os.path.join(out, "pieces.txt"), list(piece_columns(all_texts)))


if __name__ == "__main__":
    main()
