#!/usr/bin/env python3
"""Providers of bearer tokens and the client of upstreams together: an authority over HTTPS or a managed identity's endpoint gives a token, with
which Azurite lets the client in; tokens that are refused are replaced; and nothing secret is seen from outside of the process."""
import os
import socket
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from azurite import Azurite  # noqa: E402
from blobclient import ACCOUNT, Client  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from token_authority import TENANT, TokenAuthority, jwt, server_context  # noqa: E402
from upstream import Probe, Refused  # noqa: E402

SECRET, ASSERTION, CLIENT = "hush~secret+of/the=client", "hush.assertion.of-the-cluster", "11111111-2222-3333-4444-555555555555"
SCOPE, RESOURCE = "https://storage.azure.com/.default", "https://storage.azure.com/"
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def ends(what, answer, outcome):
    check(f"{what}: {outcome}", answer["outcome"] == outcome, dict(answer))
    return answer


def nothing_secret(what, probe, authority):
    """Ends the probe; what it was started with and what it said on standard error has no secret, and no token."""
    with open(f"/proc/{probe.process.pid}/cmdline", "rb") as file:
        seen = file.read().decode()
    _, errors = probe.process.communicate()
    check(f"{what}: ends well", probe.process.returncode == 0, errors)
    for secret in [SECRET, ASSERTION, "hush", *authority.tokens, *[token.rsplit(".", 1)[0] for token in authority.tokens]]:
        check(f"{what}: nothing secret is shown", secret not in seen + errors, errors)
    return errors


def identities(folder, trusted):
    """One after the other: settings, and what the authority has to be asked."""
    file = os.path.join(folder, "federated")
    with open(file, "w") as out:
        out.write(ASSERTION + "\n")
    token = f"/{TENANT}/oauth2/v2.0/token"
    common = {"grant_type": "client_credentials", "client_id": CLIENT, "scope": SCOPE}
    yield ("client_secret", True, {"tenant": TENANT, "client_id": CLIENT, "client_secret": SECRET, "authority_ca_file": trusted.root},
           ("POST", token, {}, {**common, "client_secret": SECRET}))
    yield ("workload_identity", True, {"tenant": TENANT, "client_id": CLIENT, "token_file": file, "authority_ca_file": trusted.root},
           ("POST", token, {}, {**common, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                                "client_assertion": ASSERTION}))
    yield ("managed_identity", False, {"client_id": CLIENT},
           ("GET", "/metadata/identity/oauth2/token", {"api-version": "2018-02-01", "resource": RESOURCE, "client_id": CLIENT}, {}))


def with_azurite(folder, trusted):
    with Azurite(folder, "--oauth", "basic", "--cert", trusted.certificate, "--key", trusted.key) as server:
        client = Client(server.endpoint, context=trusted.context())
        check("a container", client.create_container("cont").status == 201)
        client.close()
        url = f"https://{server.endpoint}/{ACCOUNT}/cont"
        for kind, secure, settings, asked in identities(folder, trusted):
            with TokenAuthority(server_context(trusted) if secure else None) as authority:
                where = {"authority": authority.url} if secure else {"endpoint": authority.url + asked[1]}
                probe = Probe(url=url, ca_file=trusted.root, token=kind, **settings, **where)
                state = probe.call("tokens", fetches=1)
                check(f"{kind}: there is a token", state["has_token"] == "1" and state["message"] == "", dict(state))
                method, path, query, headers, form = authority.requests[0]
                check(f"{kind}: what was asked", (method, path, query, form) == asked, authority.requests[0])
                check(f"{kind}: headers", (headers.get("metadata") == "true") == (not secure) and headers["accept"] == "application/json" and
                      headers.get("content-type") == ("application/x-www-form-urlencoded" if secure else None), headers)
                ends(f"{kind}: put", probe.call("put", key=kind, data="hello", type="text/plain"), "ok")
                answer = ends(f"{kind}: get", probe.call("get", key=kind), "ok")
                check(f"{kind}: bytes", answer["taken"] == "5" and answer["type"] == "text/plain", dict(answer))
                check(f"{kind}: list", kind in [entry["key"] for entry in probe.call("list").entries])
                check(f"{kind}: one token for all", len(authority.requests) == 1, authority.requests)
                errors = nothing_secret(kind, probe, authority)
                check(f"{kind}: nothing to tell", errors == "", errors)
        with TokenAuthority() as authority:
            authority.answer = lambda _: (200, {"access_token": jwt(aud="https://graph.example"), "expires_in": 3600})
            with Probe(url=url, ca_file=trusted.root, token="managed_identity", endpoint=authority.url + "/") as probe:
                probe.call("tokens", fetches=1)
                ends("a token for something else", probe.call("get", key="client_secret"), "forbidden")


def refused_tokens(trusted):
    """Upstream answers 401 to the first token: the next call has the second one."""
    with FaultProxy("127.0.0.1:1") as upstream, TokenAuthority(server_context(trusted)) as authority:
        probe = Probe(url=f"http://{upstream.address}/{ACCOUNT}/cont", token="client_secret", tenant=TENANT, client_id=CLIENT,
                      client_secret=SECRET, authority=authority.url, authority_ca_file=trusted.root)
        probe.call("tokens", fetches=1)
        upstream.fault(status=401, code="InvalidAuthenticationInfo")
        answer = ends("the first token", probe.call("head", key="x"), "forbidden")
        check("may be tried again", answer["may_retry"] == "1", dict(answer))
        check("there is another", probe.call("tokens", fetches=2)["has_token"] == "1")
        upstream.fault(status=200)
        ends("the second token", probe.call("head", key="x"), "ok")
        sent = [{name.lower(): value for name, value in headers.items()}["authorization"] for _, _, headers in upstream.requests]
        check("each is sent once", sent == [f"Bearer {token}" for token in authority.tokens] and len(set(sent)) == 2, sent)
        # from now on the authority fails: the token that is there stays
        authority.answer = lambda _: (400, {"error": "invalid_client", "error_description": f"AADSTS7000215: not {SECRET}"})
        upstream.fault(status=200)
        ends("the second token still", probe.call("head", key="x"), "ok")
        nothing_secret("refused tokens", probe, authority)


def tunnel(listener, hosts):
    """A proxy for one connection, by CONNECT."""
    client, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    hosts.append(head.decode("latin-1"))
    host, port = head.split()[1].decode().rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    def pour(source, sink):
        try:
            while data := source.recv(65536):
                hosts.append(data.decode("latin-1"))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them went away

    back = threading.Thread(target=pour, args=(server, client), daemon=True)
    back.start()
    pour(client, server)
    back.join(10)
    client.close()
    server.close()


def routes(trusted):
    settings = {"url": "http://127.0.0.1:1/acc/cont", "token": "client_secret", "tenant": TENANT, "client_id": CLIENT, "client_secret": SECRET}
    with TokenAuthority(server_context(trusted)) as authority:
        probe = Probe(**settings, authority=authority.url)
        state = probe.call("tokens", fetches=1)
        check("an authority that nobody knows", state["has_token"] == "0" and "certificate" in state["message"], dict(state))
        answer = ends("a call without a token", probe.call("head", key="x"), "forbidden")
        check("may be tried again", answer["may_retry"] == "1" and "no token" in answer["message"], dict(answer))
        check("it was sent nothing", authority.requests == [])
        errors = nothing_secret("no trust", probe, authority)
        check("an operator is told", "no new token" in errors and authority.url in errors, errors)
    with TokenAuthority(server_context(trusted)) as authority, socket.create_server(("127.0.0.1", 0)) as listener:
        heard = []
        thread = threading.Thread(target=tunnel, args=(listener, heard), daemon=True)
        thread.start()
        probe = Probe(**settings, authority=authority.url, authority_ca_file=trusted.root,
                      authority_proxy=f"http://user:hushhush@127.0.0.1:{listener.getsockname()[1]}")
        check("through a proxy", probe.call("tokens", fetches=1)["has_token"] == "1")
        thread.join(10)
        check("that sees where to", heard[0].startswith(f"CONNECT 127.0.0.1:{authority.port} "), heard[0])
        check("and no secret", all("hush~" not in data for data in heard))
        nothing_secret("a proxy", probe, authority)
    with TokenAuthority() as authority:
        probe = Probe(**{**settings, "token": "managed_identity"}, endpoint=authority.url + "/x", authority_proxy="http://127.0.0.1:1")
        check("what is in the clear goes through none", probe.call("tokens", fetches=1)["has_token"] == "1")
        nothing_secret("no proxy", probe, authority)
    for what, more in {"plain http to another machine": {"authority": "http://192.0.2.1"}, "no URL": {"authority": f"x {SECRET}"},
                       "no tenant": {"authority": "https://127.0.0.1:1", "tenant": f"../{SECRET}"}}.items():
        try:
            Probe(**{**settings, **more})
            check(f"{what} is refused", False)
        except Refused as error:
            check(f"{what} is refused without a secret", SECRET not in str(error) and len(str(error)) > 10, error)


def main():
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"):
        os.environ.pop(name, None)
    os.environ["https_proxy"] = os.environ["http_proxy"] = "http://127.0.0.1:1"  # nobody asks the environment's
    with tempfile.TemporaryDirectory(prefix="skerry-tokens-") as folder:
        trusted = Authority(folder)
        refused_tokens(trusted)
        routes(trusted)
        with_azurite(folder, trusted)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
