"""Writes small GGUF files, right ones and wrong ones: random weights in F32, a vocabulary of bytes and a few words."""
import random
import struct

U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9

CHAT = ('{% for m in messages %}<|user|>{{ m["content"] }}<|end|>{% endfor %}'
        '{% if add_generation_prompt %}<|answer|>{% endif %}')


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack('<Q', len(data)) + data


def value(kind, content):
    if kind == STRING:
        return string(content)
    if kind == ARRAY:
        element, items = content
        return struct.pack('<IQ', element, len(items)) + b''.join(value(element, item) for item in items)
    return struct.pack({U32: '<I', I32: '<i', F32: '<f', BOOL: '<?'}[kind], content)


def byte_names():
    """How byte-level BPE writes each byte: printable ones as themselves, the others from U+0100 on."""
    names, extra = [], 0
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or 174 <= byte <= 255:
            names.append(chr(byte))
        else:
            names.append(chr(256 + extra))
            extra += 1
    return names


class Model:
    """A llama of one layer. Keys and tensors can be changed before bytes() puts it together."""

    def __init__(self, vocabulary=True, chat=CHAT, seed=1, n_embd=64, n_heads=4, n_ff=96, n_layers=1):
        self.version, self.magic, self.alignment = 3, b'GGUF', 32
        tokens = byte_names() + ['Ġt', 'he', 'Ġthe', '<|user|>', '<|answer|>', '<|end|>']
        n_vocab = len(tokens)
        self.keys = {
            'general.architecture': (STRING, 'llama'),
            'general.name': (STRING, 'tiny "model"\n\u2603'),
            'llama.context_length': (U32, 512),
            'llama.embedding_length': (U32, n_embd),
            'llama.block_count': (U32, n_layers),
            'llama.feed_forward_length': (U32, n_ff),
            'llama.attention.head_count': (U32, n_heads),
            'llama.attention.head_count_kv': (U32, n_heads // 2),
            'llama.attention.layer_norm_rms_epsilon': (F32, 1e-5),
            'llama.rope.dimension_count': (U32, n_embd // n_heads),
            'llama.rope.freq_base': (F32, 10000.0),
            'llama.vocab_size': (U32, n_vocab),
        }
        if vocabulary:
            self.keys.update({
                'tokenizer.ggml.model': (STRING, 'gpt2'),
                'tokenizer.ggml.pre': (STRING, 'qwen2'),
                'tokenizer.ggml.tokens': (ARRAY, (STRING, tokens)),
                'tokenizer.ggml.token_type': (ARRAY, (I32, [1] * (n_vocab - 3) + [3] * 3)),
                'tokenizer.ggml.merges': (ARRAY, (STRING, ['Ġ t', 'h e', 'Ġt he'])),
                'tokenizer.ggml.eos_token_id': (U32, n_vocab - 1),
            })
            if chat:
                self.keys['tokenizer.chat_template'] = (STRING, chat)
        self.random = random.Random(seed)
        self.tensors = {}
        kv = n_embd // 2
        self.matrix('token_embd.weight', n_embd, n_vocab)
        self.matrix('output.weight', n_embd, n_vocab)
        self.ones('output_norm.weight', n_embd)
        for layer in range(n_layers):
            at = f'blk.{layer}.'
            self.ones(at + 'attn_norm.weight', n_embd)
            self.ones(at + 'ffn_norm.weight', n_embd)
            for name, n_out in (('attn_q', n_embd), ('attn_k', kv), ('attn_v', kv), ('attn_output', n_embd),
                                ('ffn_gate', n_ff), ('ffn_up', n_ff)):
                self.matrix(f'{at}{name}.weight', n_embd, n_out)
            self.matrix(at + 'ffn_down.weight', n_ff, n_embd)
        self.n_vocab = n_vocab

    def matrix(self, name, n_in, n_out):
        scale = (3 / n_in) ** 0.5
        data = struct.pack(f'<{n_in * n_out}f', *(self.random.uniform(-scale, scale) for _ in range(n_in * n_out)))
        self.tensors[name] = ([n_in, n_out], 0, data)

    def ones(self, name, n):
        self.tensors[name] = ([n], 0, struct.pack(f'<{n}f', *[1.0] * n))

    def bytes(self):
        head = self.magic + struct.pack('<IQQ', self.version, len(self.tensors), len(self.keys))
        for key, (kind, content) in self.keys.items():
            head += string(key) + struct.pack('<I', kind) + value(kind, content)
        data = b''
        for name, (dims, kind, content) in self.tensors.items():
            head += string(name) + struct.pack(f'<I{len(dims)}QIQ', len(dims), *dims, kind, len(data))
            data += content + bytes(-len(content) % self.alignment)
        return head + bytes(-len(head) % self.alignment) + data
