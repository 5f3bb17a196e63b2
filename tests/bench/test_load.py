"""The load generator against a real server on the loopback: it counts answers, and knows an error from a success."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import Load, send


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(asked)
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"4\r\nmade\r\n0\r\n\r\n")
            return
        body = b"you said " + asked
        self.send_response(500 if self.path == "/broken" else 201)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/closing":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

        # a server may give up a kept connection without a word
        self.close_connection = self.close_connection or (self.path == "/forgetful" and asked == b"5")

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.seen = True, []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def requests(count, path="/"):
    return [b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%d" % (path.encode(), len(str(n)), n) for n in range(count)]


@pytest.mark.parametrize("path", ["/", "/chunked", "/closing", "/forgetful"])
def test_every_request_is_sent_once_and_answered(server, path):
    answers = send(Load(server.server_port, requests(50, path), connections=4, seconds=30, keep_answers=True))
    assert sorted(server.seen) == sorted(str(n).encode() for n in range(50))
    assert (len(answers.durations), len(answers.bodies), answers.failures) == (50, 50, [])
    assert answers.rate().per_second > 0


def test_error_statuses_are_failures_and_have_no_rate(server):
    answers = send(Load(server.server_port, requests(3, "/broken"), connections=1, seconds=30))
    assert len(answers.failures) == 3
    with pytest.raises(RuntimeError, match="3 of 3 requests failed"):
        answers.rate()


def test_a_body_that_tells_of_an_error_is_a_failure_whatever_its_status(server):
    answers = send(Load(server.server_port, requests(10), connections=2, seconds=30, rejects=b"you said 7"))
    assert (len(answers.durations), len(answers.failures)) == (9, 1)


def test_it_ends_with_its_time_even_if_requests_are_left(server):
    answers = send(Load(server.server_port, requests(100_000), connections=2, seconds=0.2))
    assert 0 < len(server.seen) < 100_000
    assert answers.failures == []


def test_a_connection_closed_after_the_last_answer_is_no_failure(server):
    answers = send(Load(server.server_port, requests(6, "/forgetful"), connections=1, seconds=0.3, paced=50))
    assert (len(answers.durations), answers.failures) == (6, [])


def test_a_paced_load_spreads_its_requests(server):
    answers = send(Load(server.server_port, requests(20), connections=4, seconds=30, paced=100))
    assert len(answers.durations) == 20
    assert answers.elapsed >= 0.19  # the twentieth is due after 19 intervals of 10 ms
