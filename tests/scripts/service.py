"""A service as an OpenAI-compatible one would be, and as none should be: each way to fail has a name, which is the first
part of the address, http://127.0.0.1:PORT/NAME/v1. What was asked is kept."""
import email.utils
import http.server
import json
import re
import socket
import ssl
import threading
import time
import zlib

ANSWER = 'def reverse(s):\n    return s[::-1]  # größer, 漢字, 🎉\n'


def chunk(text=None, reason=None, **delta):
    """An object of a stream."""
    if text is not None:
        delta['content'] = text
    return json.dumps({'id': 'x', 'object': 'chat.completion.chunk', 'model': 'm',
                       'choices': [{'index': 0, 'delta': delta, 'finish_reason': reason}]}, ensure_ascii=False)


def event(data, end='\n'):
    return f'data: {data}{end}{end}'.encode()


def stream(text=ANSWER, done=True, end='\n'):
    """A whole answer, word by word."""
    words = [word + ' ' for word in text.split(' ')]
    words[-1] = words[-1][:-1]
    pieces = [event(chunk('', role='assistant'), end)] + [event(chunk(word), end) for word in words]
    pieces.append(event(chunk(reason='stop'), end))
    if done:
        pieces.append(event('[DONE]', end))
    return pieces


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def setup(self):
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_):
        pass

    # ---- writing ----

    def begin(self, status=200, kind='text/event-stream', chunked=True, **headers):
        self.send_response(status)
        if kind:
            self.send_header('Content-Type', kind)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.chunked = chunked
        if chunked:
            self.send_header('Transfer-Encoding', 'chunked')
        else:
            self.send_header('Connection', 'close')
            self.close_connection = True
        self.end_headers()

    def put(self, data):
        if self.chunked:
            data = b'%x\r\n%s\r\n' % (len(data), data)
        self.wfile.write(data)
        self.wfile.flush()

    def finish_body(self):
        if self.chunked:
            self.wfile.write(b'0\r\n\r\n')

    def cut(self):
        """Ends the connection amid the body."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def whole(self, status, body, kind='application/json', **headers):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, message, **more):
        headers = more.pop('headers', {})
        self.whole(status, json.dumps({'error': {'message': message, **more}}), **headers)

    def events(self, pieces, **options):
        self.begin(**options)
        for piece in pieces:
            self.put(piece)
        self.finish_body()

    # ---- answering ----

    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get('Content-Length', 0))))

    def answer(self, body):
        service = self.server.service
        name = self.path.split('/')[1]
        try:
            question = json.loads(body) if body else None
        except ValueError:
            question = None
        service.requests.append({'method': self.command, 'path': self.path, 'headers': dict(self.headers),
                                 'question': question, 'body': body})
        try:
            if self.command == 'GET' and self.path == f'/{name}/v1/models' and name in ('good', 'many'):
                self.models(name)
            else:
                getattr(self, 'as_' + name.replace('-', '_'))(question)
        except (BrokenPipeError, ConnectionResetError):
            service.hung_up.set()
            self.close_connection = True

    def models(self, name):
        names = ['some-model', 'another-model', 'evil\u202emodel', 'x' * 1000, '', 3] if name == 'good' else \
            [f'model-{i}' for i in range(6000)]
        self.whole(200, json.dumps({'object': 'list', 'data': [{'id': name, 'object': 'model'} for name in names]}))

    def key(self):
        return self.headers.get('Authorization', '').removeprefix('Bearer ')

    def as_good(self, _):
        self.events(stream())

    def as_slow(self, _):
        self.begin()
        for piece in stream():
            self.put(piece)
            time.sleep(0.15)
        self.finish_body()

    def as_endless(self, _):
        self.begin()
        while True:
            self.put(event(chunk('more ')))
            time.sleep(0.02)

    def as_trickle(self, _):
        self.begin()
        while True:
            self.put(event(chunk('drop ')))
            time.sleep(0.4)

    def as_echo(self, question):
        self.events(stream(question['messages'][-1]['content']))

    def as_bytes(self, _):
        """Every byte by itself, with all that the format allows."""
        data = b'\xef\xbb\xbf: hello\r\n\r\nevent: x\rid: 3\r\r' + b''.join(stream(end='\r\n')) + b'retry: 3\n\n'
        self.begin()
        for i in range(len(data)):
            self.put(data[i:i + 1])
        self.finish_body()

    def as_cr(self, _):
        self.events([b''.join(stream(end='\r'))])

    def as_many_lines(self, _):
        """An object over several data fields."""
        text = json.dumps(json.loads(chunk('together')), indent=1)
        self.events([b''.join(b'data:%s\n' % line.encode() for line in text.splitlines()) + b'\n', event('[DONE]')])

    def as_without_done(self, _):
        self.events(stream(done=False))

    def as_done_without_end(self, _):
        """The line after [DONE] is missing, and the connection stays open."""
        self.begin()
        for piece in stream(done=False):
            self.put(piece)
        self.put(b'data: [DONE]\n\n')
        self.server.service.release.wait(20)
        self.finish_body()

    def as_identity(self, _):
        self.events(stream(), chunked=False)

    def as_no_type(self, _):
        self.events(stream(), kind=None)

    def as_not_streamed(self, _):
        self.whole(200, json.dumps({'choices': [{'index': 0, 'message': {'role': 'assistant', 'content': ANSWER},
                                                 'finish_reason': 'stop'}],
                                    'usage': {'prompt_tokens': 3, 'completion_tokens': 9}}))

    def as_reasoning(self, _):
        self.events([event(chunk(reasoning_content='THOUGHT one ')), event(chunk(reasoning='THOUGHT two')),
                     event(chunk(None, content=None, reasoning_content='')), *stream()])

    def as_only_reasoning(self, _):
        self.events([event(chunk(reasoning_content='THOUGHT')), event(chunk(reason='length')), event('[DONE]')])

    def as_halves(self, _):
        """A character that is cut between its two units of UTF-16, as services do whose strings are made of those."""
        text = json.dumps(ANSWER)[1:-1]  # all ASCII
        cut = text.index('\\ud83c') + 6
        self.events([event('{"choices": [{"delta": {"content": "%s"}}]}' % piece) for piece in (text[:cut], text[cut:])]
                    + [event(chunk(reason='stop')), event('[DONE]')])

    def as_usage(self, _):
        self.events([*stream(done=False), event(json.dumps(
            {'choices': [], 'usage': {'prompt_tokens': 12, 'completion_tokens': 34}})), event('[DONE]')])

    def as_empty(self, _):
        self.events([event(chunk('', role='assistant')), event(chunk(reason='stop')), event('[DONE]')])

    def as_nothing(self, _):
        self.events([])

    def as_length(self, _):
        self.events([event(chunk('cut sho')), event(chunk(reason='length')), event('[DONE]')])

    def as_filtered(self, _):
        self.events([event(chunk('as far as ')), event(chunk(reason='content_filter')), event('[DONE]')])

    def as_terminal(self, _):
        self.events([event(chunk('red \x1b[31m bell \x07 title \x1b]0;evil\x07 bidi \u202e.')), event(chunk(reason='stop'))])

    def as_gzip(self, _):
        """Packed, although nobody asked for it."""
        self.begin(Content_Encoding='gzip')
        packer = zlib.compressobj(wbits=31)
        for piece in stream():
            self.put(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH))
        self.put(packer.flush())
        self.finish_body()

    def as_odd_events(self, _):
        """Empty ones, white space, a character of no string, another type's data, and no end of the last line."""
        self.events([b'data:\n\ndata: \n\nevent: ping\ndata: {"type": "ping"}\n\n', event(' ' + chunk('a\0b') + ' '),
                     event(chunk(reason='stop')), event(' [DONE] ')])

    def as_last_line_open(self, _):
        self.events([event(chunk('whole')), f'data: {chunk(reason="stop")}'.encode()])

    def as_typed_json(self, _):
        self.events(stream(), kind='application/json')

    def as_typed_text(self, _):
        self.events(stream(), kind='text/plain; charset=utf-8')

    def as_whole_typed_stream(self, _):
        """No stream, although its type says so, and no reason why it ended."""
        self.whole(200, b'\xef\xbb\xbf \n' + json.dumps({'choices': [{'message': {'content': ANSWER}}]}).encode(),
                   kind='text/event-stream')

    def as_open_after_end(self, _):
        """All is said, and the connection stays open."""
        self.begin()
        for piece in stream(done=False):
            self.put(piece)
        self.server.service.release.wait(60)

    def as_http10(self, _):
        """An older HTTP, whose answer ends with the connection."""
        self.protocol_version = 'HTTP/1.0'
        self.events([piece for piece in stream() if b'DONE' not in piece], chunked=False)

    def as_pings(self, _):
        """Says for longer than the others' patience that it is still there."""
        self.begin()
        for _ in range(10):
            self.put(b': ping\r\n\r\n' if _ % 2 else b': OPENROUTER PROCESSING\n\n')
            time.sleep(0.25)
        for piece in stream():
            self.put(piece.replace(b'data: ', b'data:'))
        self.finish_body()

    # ---- failing ----

    def as_error_200(self, _):
        self.whole(200, json.dumps({'error': {'message': 'No credits are left', 'code': 402}}))

    def as_message_200(self, _):
        self.whole(200, json.dumps({'object': 'error', 'message': 'The model is asleep', 'code': 40303}))

    def as_error_200_typed_stream(self, _):
        self.whole(200, json.dumps({'error': {'message': 'No credits are left'}}), kind='text/event-stream')

    def as_error_reason(self, _):
        self.events([*stream()[:3], event(chunk(reason='error')), event('[DONE]')])

    def as_no_body(self, _):
        self.whole(200, '')

    def as_bare(self, _):
        """A status, and not a byte more."""
        self.whole(int(self.path.split('/')[2]), '')

    def as_422(self, _):
        self.whole(422, json.dumps({'detail': [{'loc': ['body', 'messages'], 'msg': 'Field required'}]}))

    def as_422_long(self, _):
        """Repeats what was asked before it says what is wrong with it."""
        self.whole(422, json.dumps({'detail': [{'input': 'x' * 300_000, 'msg': 'Field required'}]}))

    def as_400_text(self, _):
        self.whole(400, 'The model is loading', kind='text/plain')

    def as_500_open(self, _):
        """Its body does not come to an end."""
        self.begin(500, kind='application/json')
        while True:
            self.put(b' ')
            time.sleep(0.3)

    def as_pings_for_ever(self, _):
        self.begin()
        self.put(event(chunk('first ')))
        while True:
            self.put(b': ping\n\n')
            time.sleep(0.2)

    def as_error_event(self, _):
        self.events([*stream()[:3], b'event: error\ndata: {"detail": "Out of memory"}\n\n'])

    def as_error_field(self, _):
        """As llama-server: no data, but a field that the standard does not know."""
        self.events([*stream()[:3], b'error: {"code": 500, "message": "The context is full", "type": "server_error"}\n\n'])

    def as_error_choice(self, _):
        """As OpenRouter, where the one that it passes the question to fails."""
        self.events([*stream()[:3], event(json.dumps({'choices': [
            {'index': 0, 'delta': {'content': ''}, 'finish_reason': 'error',
             'error': {'code': 502, 'message': 'Upstream died'}}]}))])

    def as_cut(self, _):
        """Chunked, and ended without the last chunk."""
        self.begin()
        for piece in stream()[:3]:
            self.put(piece)
        self.cut()

    def as_cut_quietly(self, _):
        """Ends as if all were well, amid a line."""
        pieces = stream()
        self.events([*pieces[:3], pieces[3][:20]])

    def as_cut_before(self, _):
        self.cut()

    def as_bad_json(self, _):
        self.events([*stream()[:3], b'data: {"choices": [{"delta": {"content": \n\n', *stream()[3:]])

    def as_deep_json(self, _):
        self.events([*stream()[:3], b'data: ' + b'[' * 100000 + b'\n\n'])

    def as_wrong_shapes(self, _):
        for_all = [None, 3, 'x', [], {}, [None], [3], [[]], {'delta': 3}]
        objects = [{'choices': value} for value in for_all] + [{'choices': [{'delta': value}]} for value in for_all] \
            + [{'choices': [{'delta': {'content': value}}]} for value in for_all if value != 'x'] \
            + [{'choices': [], 'usage': value} for value in for_all] \
            + [{'choices': [{'finish_reason': value, 'index': value}]} for value in (None, 3, [], {})]
        self.events([*(event(json.dumps(value)) for value in objects), *stream()])

    def as_huge_line(self, _):
        self.begin()
        self.put(event(chunk('before ')))
        for _ in range(100):
            self.put(b'data: ' + b'x' * 100000 if _ == 0 else b'x' * 100000)
        self.finish_body()

    def as_error_in_stream(self, _):
        self.events([*stream()[:3], event(json.dumps({'error': {'message': f'the model fell over, key {self.key()}'}}))])

    def as_html(self, _):
        self.whole(200, '<html>Log in</html>', kind='text/html')

    def as_401(self, _):
        self.error(401, f'Incorrect API key provided: {self.key()}. You can find it elsewhere.\n\x1b[31m',
                   headers={'WWW_Authenticate': 'Basic realm="x"'})

    def as_403(self, _):
        self.error(403, 'Your country is not served')

    def as_404(self, question):
        self.error(404, f'The model `{question["model"]}` does not exist')

    def as_429(self, _):
        self.error(429, 'Rate limit reached', headers={'Retry_After': '17'})

    def as_429_date(self, _):
        self.error(429, 'Rate limit reached',
                   headers={'Retry_After': email.utils.formatdate(time.time() + 3600, usegmt=True)})

    def as_429_plain(self, _):
        self.whole(429, 'slow down', kind='text/plain')

    def as_500(self, _):
        self.whole(500, '{"detail": "it broke"}')

    def as_503(self, _):
        self.error(503, 'Overloaded', headers={'Retry_After': '3'})

    def as_502_html(self, _):
        self.whole(502, '<html>' + 'x' * 200000, kind='text/html')

    def as_400(self, _):
        self.error(400, 'This is not right', param='messages')

    def as_picky(self, question):
        """Knows neither a temperature nor the older name of the most tokens."""
        for name in ('temperature', 'max_tokens'):
            if name in question:
                self.error(400, f'Unsupported parameter: {name}', param=name, code='unsupported_parameter')
                return
        self.as_good(question)

    def as_away(self, _):
        """Redirects to another port, which is another origin."""
        self.whole(307, '', Location=self.server.service.elsewhere + '/good/v1/chat/completions')

    def as_away_scheme(self, _):
        self.whole(308, '', Location=f'ftp://127.0.0.1:{self.server.server_port}/good/v1/chat/completions')

    def as_moved(self, _):
        self.whole(308, '', Location='/good/v1/chat/completions')

    def as_loop(self, _):
        self.whole(302, '', Location=self.path)

    def as_silent(self, _):
        """Takes the question, and says nothing."""
        self.server.service.release.wait(60)

    def as_stalled(self, _):
        self.begin()
        for piece in stream()[:3]:
            self.put(piece)
        self.server.service.release.wait(60)


def other_name():
    """A name of this machine that does not say so, as another one's in a private network, and its address; or None."""
    name = socket.gethostname().lower()
    if not re.fullmatch(r'[a-z][a-z0-9-]*', name) or name == 'localhost':
        return None
    try:
        address = socket.getaddrinfo(name, None, socket.AF_INET)[0][4][0]
        with socket.socket() as probe:
            probe.bind((address, 0))
    except OSError:
        return None
    return name, address


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler):
        self.address_family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, *_):
        pass


class Service:
    """with Service() as service: service.url('good') … service.requests"""

    def __init__(self, certificate=None, name='127.0.0.1', address='127.0.0.1'):
        self.requests = []
        self.hung_up = threading.Event()
        self.release = threading.Event()
        self.elsewhere = None
        self.server = Server((address, 0), Handler)
        self.name = name
        self.server.service = self
        self.scheme = 'http'
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = 'https'

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def root(self, host=None):
        return f'{self.scheme}://{host or self.name}:{self.server.server_port}'

    def url(self, name, host=None):
        return f'{self.root(host)}/{name}/v1'


if __name__ == '__main__':
    with Service() as running:
        print(running.root(), flush=True)
        threading.Event().wait()
