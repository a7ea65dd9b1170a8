"""Where a request ends, and which host and path it is for, must have one reading. Each case is sent raw, followed by a second
request in the same write; what the first swallowed or spilled would show in the answer to the second."""
import sys

from raw import Server, check, finish

NEXT = b"GET /echo-next HTTP/1.1\r\nHost: next\r\n\r\n"
HOST = b"Host: t\r\n"


def get(target=b"/echo", headers=HOST, version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\n" + headers + b"\r\n"


def put(headers, body=b"", host=HOST):
    return b"PUT /echo HTTP/1.1\r\n" + host + headers + b"\r\n" + body


CLOSED = (None, 400)  # libmicrohttpd closes without an answer

# Refused with this status, and the connection ends: nothing of what follows is read as a request.
REFUSED = [
    ("length and chunked", 400, put(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n")),
    ("chunked and length", 400, put(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n")),
    ("conflicting lengths", 400, put(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!")),
    ("equal lengths twice", 400, put(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello")),
    ("lengths in a list", 400, put(b"Content-Length: 5, 5\r\n", b"hello")),
    ("signed length", 400, put(b"Content-Length: +5\r\n", b"hello")),
    ("negative length", 400, put(b"Content-Length: -5\r\n", b"hello")),
    ("hexadecimal length", 400, put(b"Content-Length: 0x5\r\n", b"hello")),
    ("empty length", 400, put(b"Content-Length: \r\n", b"hello")),
    ("length with a space", 400, put(b"Content-Length: 1 0\r\n", b"hello")),
    ("overflowing length", (400, 413), put(b"Content-Length: 18446744073709551616\r\n", b"hello")),
    ("length beyond 2^63", (400, 413), put(b"Content-Length: 9223372036854775808\r\n", b"hello")),
    ("encoding gzip", 400, put(b"Transfer-Encoding: gzip\r\n", b"0\r\n\r\n")),
    ("encoding gzip, chunked", 400, put(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n")),
    ("encoding chunked, identity", 400, put(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n")),
    ("encoding xchunked", 400, put(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n")),
    ("encoding chunked;q=1", 400, put(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n")),
    ("encoding in quotes", 400, put(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n")),
    ("encoding twice", 400, put(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n")),
    ("encoding with a vertical tab", 400, put(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n")),
    ("empty encoding", 400, put(b"Transfer-Encoding:\r\nContent-Length: 5\r\n", b"hello")),
    ("chunked in HTTP/1.0", 400, b"PUT /echo HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("two hosts", 400, get(headers=b"Host: a\r\nHost: b\r\n")),
    ("the same host twice", 400, get(headers=b"Host: a\r\nHost: a\r\n")),
    ("no host", 400, get(headers=b"")),
    ("host with a slash", 400, get(headers=b"Host: a/b\r\n")),
    ("host with a user", 400, get(headers=b"Host: u@a\r\n")),
    ("host with a space", 400, get(headers=b"Host: a b\r\n")),
    ("host with a bad port", 400, get(headers=b"Host: a:8x\r\n")),
    ("host with brackets inside", 400, get(headers=b"Host: a[b]\r\n")),
    ("host with text after brackets", 400, get(headers=b"Host: [::1]x80\r\n")),
    ("host with high bytes", 400, get(headers=b"Host: \xe4\r\n")),
    ("header name with a space", 400, get(headers=HOST + b"X y: 1\r\n")),
    ("header name with a slash", 400, get(headers=HOST + b"X/y: 1\r\n")),
    ("header name with high bytes", 400, get(headers=HOST + b"X\xe4: 1\r\n")),
    ("space before the colon of a length", 400, put(b"Content-Length : 5\r\n", b"hello")),
    ("space before the colon of an encoding", 400, put(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n")),
    ("tab before the colon", 400, put(b"Transfer-Encoding\t: chunked\r\n", b"0\r\n\r\n")),
    ("empty header name", 400, get(headers=HOST + b": 1\r\n")),
    ("line without a colon", 400, get(headers=HOST + b"nonsense\r\n")),
    ("escape byte in a value", 400, get(headers=HOST + b"X: a\x1bb\r\n")),
    ("DEL in a value", 400, get(headers=HOST + b"X: a\x7fb\r\n")),
    ("high byte in the target", 400, get(b"/echo\xe4")),
    ("control byte in the target", 400, get(b"/echo\x01")),
    ("tab in the target", 400, get(b"/ec\tho")),
    ("space in the target", CLOSED, get(b"/ec ho")),
    ("fragment", 400, get(b"/echo#a")),
    ("escape cut short", 400, get(b"/echo%")),
    ("escape of one digit", 400, get(b"/echo%4")),
    ("escape not hexadecimal", 400, get(b"/echo%GG")),
    ("escaped zero", 400, get(b"/echo%00")),
    ("bad escape in the query", 400, get(b"/echo?a=%4")),
    ("target without slash", 400, get(b"echo")),
    ("asterisk", 400, b"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("absolute form with a user", 400, get(b"http://u@h/echo")),
    ("too many headers", 431, get(headers=HOST + b"".join(b"X-%d: 1\r\n" % i for i in range(120)))),
    ("too many parameters", 400, get(b"/echo?" + b"&".join(b"a%d=1" % i for i in range(80)))),
    ("long target", 414, get(b"/echo" + b"a" * 17000)),
    ("very long target", (414, 431), get(b"/echo" + b"a" * 200000)),
    ("large header section", (431, 413), get(headers=HOST + b"X: " + b"a" * 200000 + b"\r\n")),
    ("HTTP/1.2", 505, get(version=b"HTTP/1.2")),
    ("HTTP/2.0", 505, get(version=b"HTTP/2.0")),
    ("HTTP/0.9", 505, get(version=b"HTTP/0.9")),
    ("HTTP in lower case", (400, 505), get(version=b"http/1.1")),
    ("no version", (400, 505), b"GET /echo\r\n" + HOST + b"\r\n"),
    # What libmicrohttpd repairs, hides or stops at by itself.
    ("empty header name that ends the headers", 400, get(headers=HOST + b": 1\r\nX: y\r\n")),
    ("nothing but a colon", 400, get(headers=HOST + b":\r\n")),
    ("zero byte that ends the headers", 400, get(headers=HOST + b"\0\r\nX: y\r\n")),
    ("zero byte and a letter that end the headers", 400, b"GET /echo HTTP/1.1\r\nHost: t\n\0E\n"),
    ("second request after an empty name", 400, b"GET /echo HTTP/1.1\r\nHost: t\r\n: 1\r\nGET /echo-evil HTTP/1.1\r\nHost: e\r\n\r\n"),
    ("folded line", 400, get(headers=HOST + b"A: x\r\n y\r\n")),
    ("fold that completes a name", (400, 413), put(b"Content-Lengt: 5\r\n h\r\n", b"hello")),
    ("folded length", 400, put(b"Content-Length:\r\n 5\r\n", b"hello")),
    ("folded encoding", 400, put(b"Transfer-Encoding:\r\n chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n")),
    ("folded last line", 400, get(headers=HOST + b"A:\r\n\tx\r\n")),
    ("folded first line", 400, get(headers=b" A: x\r\n" + HOST)),
    ("bare LF", 400, b"GET /echo HTTP/1.1\nHost: t\nA: b\n\n"),
    ("bare LF before a length", 400, b"PUT /echo HTTP/1.1\r\nHost: t\r\nA: b\nContent-Length: 5\r\n\r\nhello"),
    ("bare LF at the end of the headers", 400, b"GET /echo HTTP/1.1\r\nHost: t\r\n\n"),
    ("CR alone in a value", 400, get(headers=HOST + b"A: x\rContent-Length: 5\r\n")),
    ("CR alone before an encoding", 400, put(b"A: b\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"hello")),
    ("zero byte in a value", 400, get(headers=HOST + b"A: x\0y\r\n")),
    ("zero byte before a value", 400, get(headers=HOST + b"A:\0 y\r\n")),
    ("zero byte in a length", 400, put(b"Content-Length: 5\0" + b"0\r\n", b"hello")),
    ("zero byte in an encoding", 400, put(b"Transfer-Encoding: chunked\0x\r\n", b"5\r\nhello\r\n0\r\n\r\n")),
    ("zero byte in a name", 400, put(b"Content-Length\0x: 5\r\n", b"hello")),
    ("zero byte in the host", 400, get(headers=b"Host: t\0evil\r\n")),
    ("zero byte in the target", 400, get(b"/echo\0/evil")),
    ("zero byte after the method", 400, b"GET\0 /echo HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("two spaces in the request line", CLOSED, b"GET  /echo  HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("CR alone in the method", 400, b"G\rGET /echo HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("high byte in the method", 400, b"G\x99ET /echo HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("space after the version", (400, 505), get(version=b"HTTP/1.1 ")),
]

# Taken: these fields of what the server understood, and then the second request is understood as it was sent.
TAKEN = [
    ("plain", get(b"/echo/a?b=c"), {"target": "/echo/a?b=c", "host": "t"}),
    ("escapes stay", get(b"/echo/%2e%2e/%2F/..//a%20b"), {"path": "/echo/%2e%2e/%2F/..//a%20b"}),
    ("query", get(b"/echo?a&b=&c=%41+d&a=2"), {"query": [["a", ""], ["b", ""], ["c", "A d"], ["a", "2"]]}),
    ("absolute form", get(b"http://Other:80/echo?x"), {"target": "/echo?x", "host": "other"}),
    ("host with port", get(headers=b"Host: ExAmple.COM:8080\r\n"), {"host": "example.com"}),
    ("host in brackets", get(headers=b"Host: [::1]:80\r\n"), {"host": "[::1]"}),
    ("repeated headers in order", get(headers=HOST + b"A: 1\r\nB: 2\r\nA: 3\r\n"),
     {"headers": [["Host", "t"], ["A", "1"], ["B", "2"], ["A", "3"]]}),
    ("space around a value", get(headers=HOST + b"A: \t x y \t \r\n"), {"headers": [["Host", "t"], ["A", "x y"]]}),
    ("body", put(b"Content-Length: 5\r\n", b"hello"), {"body": 5, "md5": "5d41402abc4b2a76b9719d911017c592"}),
    ("length with zeros", put(b"Content-Length: 005\r\n", b"hello"), {"body": 5}),
    ("no body", put(b"Content-Length: 0\r\n"), {"body": 0}),
    ("chunked", put(b"Transfer-Encoding: chunked\r\n", b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"),
     {"body": 5, "chunked": True, "md5": "5d41402abc4b2a76b9719d911017c592"}),
    ("CHUNKED", put(b"Transfer-Encoding: CHUNKED\r\n", b"5\r\nhello\r\n0\r\n\r\n"), {"body": 5}),
    ("trailers", put(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n"),
     {"body": 5, "headers": [["Host", "t"], ["Transfer-Encoding", "chunked"]]}),
    ("a body that looks like a request", put(b"Content-Length: 40\r\n", b"GET /echo-evil HTTP/1.1\r\nHost: evil\r\n\r\n\r\n"[:40]),
     {"body": 40}),
    ("a body of GET", get(headers=HOST + b"Content-Length: 5\r\n") + b"hello", {"body": 5}),
    ("a body of DELETE", b"DELETE /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", {"body": 5}),
    ("empty lines before the request", b"\r\n\r\n" + get(), {"target": "/echo"}),
    ("empty value", get(headers=HOST + b"A:\r\nB: \r\n"), {"headers": [["Host", "t"], ["A", ""], ["B", ""]]}),
    ("cookies", get(headers=HOST + b"Cookie: a=b; c=d\r\n"), {"headers": [["Host", "t"], ["Cookie", "a=b; c=d"]]}),
    ("an unread body of PATCH", b"PATCH /early/200 HTTP/1.1\r\nHost: t\r\nContent-Length: 40\r\n\r\n" +
     b"GET /echo-evil HTTP/1.1\r\nHost: evil\r\n\r\n\r\n"[:40], None),
    ("an unread chunked body", b"PUT /early/200 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", None),
]

# What cannot be told from a CRLF. There is one reading: these requests end where they seem to, and the next one is the one that follows.
OPEN = [
    ("zero byte for a CR", b"GET /echo HTTP/1.1\r\nHost: t\0\n\r\n"),
    ("zero byte for the closing CR", b"GET /echo HTTP/1.1\r\nHost: t\r\n\0\n"),
    ("colon and LF for the closing CRLF", b"GET /echo HTTP/1.1\r\nHost: t\r\n:\n"),
    ("LF, and a colon for the closing CRLF", b"GET /echo HTTP/1.1\r\nHost: t\n:\r\n"),
    ("line that begins with a zero byte before a request", b"\0GET /echo-evil HTTP/1.1\r\n" + get()),
]

# Broken chunks: never taken for a whole body, and nothing after them is a request.
BROKEN_CHUNKS = [
    ("size is not hexadecimal", b"zz\r\nhello\r\n0\r\n\r\n"),
    ("size with a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("overflowing size", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("empty size", b"\r\nhello\r\n0\r\n\r\n"),
    ("longer than its size", b"3\r\nhello\r\n0\r\n\r\n"),
    ("space before the size", b" 5\r\nhello\r\n0\r\n\r\n"),
]


def statuses(expected):
    return expected if isinstance(expected, tuple) else (expected,)


def refused(server):
    for name, status, raw in REFUSED:
        handled = server.stats()["handled"]
        with server.connect() as client:
            client.send(raw + NEXT)
            try:
                response = client.response()
            except (EOFError, TimeoutError):
                response = None
            check((response and response.status) in statuses(status),
                  f"{name}: {response and (response.status, response.body)}, not {status}")
            # Some refusals are libmicrohttpd's own: it sends their head twice, and closes.
            check(client.over(), f"{name}: the connection went on with {client.buffer[:300]!r}")
        check(server.stats()["handled"] == handled, f"{name}: reached the handler")


def answers_next(client, name):
    response = client.response()
    check(response is not None and response.status == 200 and response.json()["target"] == "/echo-next" and
          response.json()["host"] == "next" and response.json()["headers"] == [["Host", "next"]],
          f"{name}: the next request was read as {response and (response.status, response.body)}")


def taken(server):
    for name, raw, expected in TAKEN:
        for split in (False, True):
            with server.connect() as client:
                if split:  # every byte in a segment of its own
                    for i in range(len(raw)):
                        client.send(raw[i:i + 1])
                    client.send(NEXT)
                else:
                    client.send(raw + NEXT)
                response = client.response()
                check(response is not None and response.status == 200, f"{name}: {response and (response.status, response.body)}")
                if response is None or response.status != 200:
                    continue
                for key, value in (expected or {}).items():
                    check(response.json()[key] == value, f"{name}: {key} is {response.json()[key]!r}")
                answers_next(client, name + (", byte by byte" if split else ""))


def left_open(server):
    for name, raw in OPEN:
        with server.connect() as client:
            client.send(raw + NEXT)
            response = client.response()
            check(response is not None and response.status == 200 and response.json()["target"] == "/echo" and
                  response.json()["headers"] == [["Host", "t"]], f"{name}: {response and response.body}")
            answers_next(client, name)


def broken_chunks(server):
    for name, chunks in BROKEN_CHUNKS:
        before = server.stats()
        with server.connect() as client:
            client.send(put(b"Transfer-Encoding: chunked\r\n", chunks) + NEXT)
            response = client.response()
            check(response is None or response.status in (400, 413), f"{name}: {response and (response.status, response.body)}")
            check(client.ended(), f"{name}: the connection went on with {client.buffer[:200]!r}")
        after = server.stats()
        check(after["ended"] == before["ended"], f"{name}: the body was taken for complete")
        check(after["aborted"] == before["aborted"] + 1, f"{name}: the sink was not told")


with Server(sys.argv[1]) as framing_server:
    refused(framing_server)
    taken(framing_server)
    left_open(framing_server)
    broken_chunks(framing_server)
finish()
