"""Texts that tokenizers are compared on: written ones, and others that a seeded generator makes of parts."""
import random
import unicodedata

# Source code in twenty languages.
CODE = [
    "#include <stdio.h>\n\nint main(void)\n{\n\tfor (int i = 0; i < 10; i++)\n\t\tprintf(\"%d\\n\", i * i);\n\treturn 0;\n}\n",
    "template <typename T>\nauto sum(const std::vector<T>& xs) -> T {\n    return std::accumulate(xs.begin(), xs.end(), T{});\n}\n",
    "def fib(n: int) -> int:\n    \"\"\"The n-th one.\"\"\"\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n\n\n",
    "const add = (a, b) => a + b;\nlet o = { ...rest, [`k${i}`]: null ?? undefined };\n// it's done\nexport default add;\n",
    "interface Point<T extends number> { readonly x: T; y?: T }\ntype Maybe<T> = T | undefined;\n",
    "fn main() {\n    let v: Vec<u8> = b\"abc\".to_vec();\n    println!(\"{:?} {0:>8.3}\", v.iter().map(|x| x ^ 0xFF).collect::<Vec<_>>());\n}\n",
    "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tch := make(chan int, 1)\n\tgo func() { ch <- 42 }()\n\tfmt.Println(<-ch)\n}\n",
    "public class Hello {\r\n    public static void main(String[] args) throws Exception {\r\n        System.out.println(\"Hi, \" + args[0]);\r\n    }\r\n}\r\n",
    "using System;\nnamespace A.B { record Person(string Name, int Age = 30); }\nvar q = from x in xs where x > 3 select x!;\n",
    "class Foo < Bar\n  attr_accessor :name\n  def to_s = \"#{@name}'s #{1_000.0e-3}\"\nend\n%w[a b].each { |s| puts s }\n",
    "<?php\nfunction f(array $a = [], ?int $n = null): string { return $a['k'] ?? \"x{$n}\"; }\n?>\n",
    "SELECT u.id, COUNT(*) AS n FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE u.name LIKE '%O''Brien%' GROUP BY 1;\n",
    "#!/bin/bash\nset -euo pipefail\nfor f in *.txt; do\n  [[ -f $f ]] && echo \"${f%.txt}: $(wc -l <\"$f\")\" || true\ndone\n",
    "<!DOCTYPE html>\n<html lang=\"en\"><body class='a b'>&lt;p&gt; &amp;#8364;<br/></body></html>\n<!-- don't -->\n",
    ".btn:hover > a::before { color: #ff00AA; margin: -0.5em auto !important; content: \"\\201C\"; }\n@media (max-width: 600px) {}\n",
    "{\n  \"name\": \"x\",\n  \"list\": [1, 2.5e10, -3, true, null],\n  \"nested\": {\"a\": {\"b\": []}}\n}\n",
    "main :: IO ()\nmain = mapM_ print $ takeWhile (<100) [x^2 | x <- [1..], odd x]  -- squares\nf' (x:xs) = x `seq` f' xs\n",
    "(defun fact (n)\n  (if (<= n 1) 1 (* n (fact (- n 1)))))\n;; => 3628800\n'(quoted . pair)\n",
    "local t = setmetatable({}, {__index = function(_, k) return k .. '!' end})\nif t.x ~= nil then print(#t, t[1]) end\n",
    "\\documentclass{article}\n\\begin{document}\n$\\int_0^\\infty e^{-x^2}\\,dx = \\frac{\\sqrt{\\pi}}{2}$ % it's Gauss's\n\\end{document}\n",
    "all: $(OBJS)\n\t$(CC) -o $@ $^ $(LDFLAGS)\n%.o: %.c\n\t@$(CC) -c $< -MMD\n.PHONY: all clean\n",
    "data class P(val x: Int) { operator fun plus(o: P) = P(x + o.x) }\nfun main() = println(\"${P(1) + P(2)}\")\n",
    "let x: [String: Int?] = [\"a\": 1]; guard let y = x[\"a\"]! else { fatalError() }\nprint(\"\\(y)\")\n",
    "x <- c(1, NA, 3); y %in% x; lm(y ~ x + I(x^2), data = df[df$a > 3 & !is.na(df$b), ])\n",
    "diff --git a/f b/f\n@@ -1,3 +1,4 @@\n-old\n+new\n \\ No newline at end of file\n",
    "    mov rax, [rbx+8*rcx-0x10]\n    jne .L2\t; don't\n.section .rodata\n",
]

# Ten scripts and more.
SCRIPTS = [
    "The quick brown fox jumps over the lazy dog. It's what you're told; they'll, we'd, I'm, she's, he'd've.",
    "IT'S WHAT YOU'RE TOLD; THEY'LL, WE'D, I'M, SHE'S. CamelCaseWord HTTPServer iPhone xmlHTTPRequest ABCdefGHI",
    "Größe, Straße, naïve café, Ærøskøbing, Łódź, příliš žluťoučký kůň, İstanbul ıssız, ŸŽ",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Їжак, ґанок, Ђорђе",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΑΒΓ ά έ ή ς",
    "עברית: שָׁלוֹם עוֹלָם, מַה נִּשְׁמַע?",
    "العربية: السَّلامُ عَلَيْكُمْ، كيف حالك؟ ١٢٣٤٥٦٧ ۔",
    "हिन्दी: नमस्ते दुनिया, क्षत्रिय ज्ञान। १२३ ॥",
    "বাংলা: আমি তোমাকে ভালোবাসি। தமிழ்: வணக்கம் உலகம். తెలుగు: నమస్కారం",
    "ภาษาไทย: สวัสดีชาวโลก กี่โมงแล้ว ๑๒๓",
    "中文：你好，世界！这是一个测试。「引号」《书名》——破折号……１２３ＡＢＣ",
    "日本語：こんにちは、世界。カタカナとひらがな、ﾊﾝｶｸ、々〆〇ヶ",
    "한국어: 안녕하세요 세계! 동해물과 백두산이 마르고 닳도록",
    "ქართული ენა, Հայերեն լեզու, አማርኛ ቋንቋ, ភាសាខ្មែរ, မြန်မာဘာသာ, བོད་སྐད་",
    "Tiếng Việt: Xin chào thế giới, đường phố Hà Nội đẹp lắm.",
    "ᚠᛇᚻ᛫ᛒᛦᚦ ⠓⠑⠇⠇⠕ 𐐔𐐯𐑅𐐨𐑉𐐯𐐻 𒀀𒀁 𓀀𓂀 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 ⅷ ½ ² ① ㊿ 〇",
    "ǅǈǋ ʰʱ ªº ⁿ ₂ Ⅳ ٪ ‰ € £ ¥ ₹ © ® ™ § ¶ † ‡ • … ‹› «» „“ ‚‘ ¿¡",
]

EMOJI = [
    "😀", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "❤️", "🇩🇪🇯🇵", "☺", "1️⃣", "🧑🏿‍🚀", "🤷🏼‍♀️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🫨", "\u200d", "\ufe0f",
]

# Where composed and decomposed forms differ, and what sorts and what does not.
MARKS = [
    "e\u0301", "\u00e9", "a\u0323\u0302", "a\u0302\u0323", "\u1ead", "o\u031b\u0301", "\u1100\u1161\u11a8", "\uac01",
    "\u1100\u1161", "\u03b1\u0313\u0301\u0345", "q\u0307\u0323", "\u0344", "\u212b", "\u2126", "\u0958", "\u0915\u093c",
    "\u0041\u030a", "\u0f73", "\u0301", "<\u0338", ">\u0338", "=\u0338", "\u30ab\u3099", "\uff76\uff9e", "\u2000",
    "\ufb1d", "\U0001d15e", "Z\u0335\u0327\u0348\u0301", "\u05e9\u05bc\u05c1", "\u00c5ngstro\u0308m", "\uf900",
    "\u0b47\u0b3e", "\u1b05\u1b35", "n\u0303o\u0308", "\u0308\u0301",
]

SPACES = [
    " ", "  ", "   ", "    ", "        ", "\t", "\t\t", "\n", "\n\n", "\n\n\n", "\r\n", "\r", "\r\n\r\n", " \n", "\n ", " \t ",
    "\u00a0", "\u3000", "\u2003\u2003", "\u2028", "\u0085", "\v", "\f", "\u1680", "\u200b", "\ufeff", "  \n  \n", "\n\t\n",
]

SIGNS = [
    "!", "...", "!!!", "?!", "--", "->", "=>", "::", "//", "/*", "*/", "#", "##", "'", "\"", "`", "```", "''", "'s", "'LL", "'re",
    "'\u017f", "\u2019s", "(", ")", "[]", "{}", "<", ">", "<=", "&&", "||", "$", "€", "%", "^", "~", "_", "__", "@", "\\", "\\n",
    "|", "+=", "==", "§", "。", "、", "，", "！", "・", "~~~", "/", "///", ".", ",", ";", ":", "-", "=", "*", "+", "&",
]

NUMBERS = [
    "0", "1", "12", "123", "1234", "12345", "123456789", "3.14159", "1,000,000", "0x1F", "1e-07", "²³", "½", "१२३", "٣٤", "１２３",
    "①②", "ⅣⅤ", "007", "2026-11-24", "192.168.0.1", "1_000", "5th", "3D", "v2.0.1-rc3",
]

WORDS = [
    "the", "The", "THE", "Hello", "world", "function", "return", "getElementById", "XMLHttpRequest", "snake_case_name",
    "internationalization", "a", "I", "x", "don't", "I'm", "we'll", "it's", "O'Brien", "you've", "naïve", "straße", "Ωmega",
    "мир", "мира", "世界", "世", "こんにちは", "안녕", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "ἄνθρωπος", "ǅungla", "ﬁne", "µm",
    "ａｂｃ", "𝕏", "antidisestablishmentarianism", "qwzx", "zzzzz", "ABCdef", "abcDEF", "Ünïcödé", "İ", "ı", "ß", "ẞ", "ꙮ", "Ꭰꭰ",
]

SPECIALS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>", "<|begin_of_text|>", "<|eot_id|>", "<|end|>",
    "<|user|>", "<|assistant|>", "<|system|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|fim_prefix|>", "<BOS_TOKEN>",
    "<|END_OF_TURN_TOKEN|>", "<|START_OF_TURN_TOKEN|>", "<｜begin▁of▁sentence｜>", "<｜fim▁hole｜>", "<|EOT|>", ">>TITLE<<",
    "<0x0A>", "<0xFF>", "▁", "▁▁", "[INST]", "<|", "|>", "<|im_", "im_start|>", "<|padding|>", "õ", "÷", "Á", "Ġ", "Ċ", "ĠĠ",
]

CONTROLS = [chr(c) for c in list(range(0, 32)) + [127, 0x80, 0x9f, 0xad, 0x200e, 0x202e, 0x2060, 0xfffd, 0xfffe, 0xffff, 0x10ffff]]

POOLS = [SCRIPTS, EMOJI, MARKS, SPACES, SIGNS, NUMBERS, WORDS, SPECIALS, CONTROLS]


def any_character(rng):
    while True:
        code = rng.choice([rng.randrange(0x250), rng.randrange(0x3000), rng.randrange(0x10000), rng.randrange(0x20000),
                           rng.randrange(0x110000)])
        # What is not assigned today may be tomorrow, so nothing is tied to it.
        if not 0xd800 <= code < 0xe000 and unicodedata.category(chr(code)) != "Cn":
            return chr(code)


def runs():
    """Long runs of one character, or of two in turn."""
    for part in ["a", "A", " ", "\n", "\t", "0", "1", ".", "-", "=", "é", "世", "あ", "😀", "e\u0301", "\u0301", "\r\n", "ab", " a", "a ",
                 "\n ", " \n", "'s", "_", "\u00a0", "\0", "z", "한", "٣", "<", "[", "aB", "Ab"]:
        for length in (2, 7, 33, 260):
            yield part * length


def generated(rng):
    kind = rng.randrange(10)
    if kind == 0:
        code = rng.choice(CODE)
        start = rng.randrange(len(code))
        return code[start:start + rng.randrange(1, 80)]
    if kind == 1:
        return "".join(any_character(rng) for _ in range(rng.randrange(1, 16)))
    if kind == 2:
        return unicodedata.normalize(rng.choice(["NFC", "NFD"]), rng.choice(SCRIPTS)[rng.randrange(10):])
    if kind == 3:
        return "".join(chr(rng.randrange(128)) for _ in range(rng.randrange(1, 40)))
    if kind == 4:
        return rng.choice(WORDS + SIGNS + SPACES) * rng.randrange(1, 12) + rng.choice(WORDS + SIGNS + SPACES)
    if kind == 5:
        base = rng.choice("aeiouAqnsd") if rng.random() < 0.7 else any_character(rng)
        return base + "".join(chr(rng.choice([0x300, 0x301, 0x302, 0x303, 0x307, 0x308, 0x323, 0x327, 0x328, 0x331, 0x338, 0x345,
                                              0x5b0, 0x64b, 0x94d, 0x3099]))
                              for _ in range(rng.randrange(1, 6))) + rng.choice(WORDS)
    pools = POOLS if kind < 8 else [SPACES, SIGNS, NUMBERS, WORDS]
    return "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randrange(1, 12)))


def texts(seed, count):
    rng = random.Random(seed)
    for pool in [CODE] + POOLS:
        yield from pool
    for script in SCRIPTS:
        yield unicodedata.normalize("NFD", script)
    yield from runs()
    for _ in range(count):
        yield generated(rng)
