"""An authority that gives bearer tokens, as Entra ID and the platforms' managed identities do: it keeps what it was asked, and answers what
it was told to. Tokens are JSON Web Tokens for Azure Storage with a signature that is none."""
import base64
import http.server
import json
import ssl
import threading
import time
import urllib.parse

TENANT = "ab1f708d-50f6-404c-a006-d71b2ac7a606"
LIFE = 3600


def jwt(**claims):
    now = int(time.time())
    body = {"aud": "https://storage.azure.com", "iss": f"https://sts.windows.net/{TENANT}/", "nbf": now - 60, "iat": now - 60,
            "exp": now + LIFE, "sub": "skerry", "jti": str(time.monotonic_ns()), **claims}
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return ".".join([encode(json.dumps({"typ": "JWT", "alg": "RS256"}).encode()), encode(json.dumps(body).encode()), encode(b"no signature")])


class TokenAuthority:
    """`requests` are (method, path, query, headers, form), `tokens` what was given. `answer` may be set to a function of the request's number
    that returns (status, document), or None for a good token."""

    def __init__(self, context=None):
        self.lock = threading.Lock()
        self.requests, self.tokens = [], []
        self.answer = lambda number: None
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                authority._serve(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # a handshake that the client ends is no news
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _serve(self, handler):
        path, _, query = handler.path.partition("?")
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self.lock:
            number = len(self.requests)
            self.requests.append((handler.command, path, dict(urllib.parse.parse_qsl(query, strict_parsing=bool(query))),
                                  {name.lower(): value for name, value in handler.headers.items()},
                                  dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=bool(body)))))
            told = self.answer(number)
            if told is None:
                self.tokens.append(jwt())
                told = 200, {"token_type": "Bearer", "expires_in": str(LIFE) if handler.command == "GET" else LIFE,
                             "access_token": self.tokens[-1]}
        status, document = told
        content = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def server_context(authority):
    """For a server with the certificate of `certificates.Authority`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    return context
