"""A user-space proxy between processes that know each other by address only: every ordered pair of them behind a link.

Each process lives in a network namespace of its own, where there is nothing but loopback: its own address is
`address(rank)`, and behind the addresses of the others stand this proxy's doors. A process opens doors and ways in
itself, because a socket belongs to the namespace that made it, and hands them to the proxy (`hand_over`). So whatever
listens and connects needs no change, gloo included, and all its bytes cross real sockets and this proxy.

A link has a rate, which all connections of its direction share, and a latency: what comes in leaves when everything
before it has left, arrives that much later, and in order. TCP ends at the proxy: no slow start on the long way, no loss.
"""

import collections
import contextlib
import json
import socket
import threading
import time

CHUNK = 1 << 16
# Bytes that wait for a line before its sender is held up: two buffers of a socket or so.
WAITING = 1 << 20
# Connections that one process can make to another; gloo makes one for each pair.
WAYS = 2
LISTEN = "0A"  # of /proc/net/tcp


def address(rank):
    return f"127.0.0.{rank + 2}"


def listening(host):
    """The one port that this process's namespace listens to at `host`."""
    wanted = socket.inet_aton(host)[::-1].hex().upper()
    with open("/proc/self/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in lines][1:]
    ports = [int(row[1].split(":")[1], 16) for row in rows if row[1].startswith(wanted + ":") and row[3] == LISTEN]
    if len(ports) != 1:
        raise SystemExit(f"expected one port at {host}, found {ports}")
    return ports[0]


def hand_over(channel, rank, size, port):
    """In the process itself: says where it listens, hears where the others do, hands its sockets over."""
    channel.sendall(json.dumps(port).encode() + b"\n")
    ports = json.loads(channel.makefile("r").readline())
    doors = []
    for peer in range(size):
        if peer != rank:
            doors.append(socket.create_server((address(peer), ports[peer])))
    ways = [socket.socket() for _ in range(WAYS * (size - 1))]
    socket.send_fds(channel, [b"."], [one.fileno() for one in doors + ways])
    if channel.recv(1) != b".":
        raise SystemExit("the proxy is gone")


class Line:
    """One direction between two processes."""

    def __init__(self, rate, latency):
        self.rate = rate  # bytes a second, 0 for no limit
        self.latency = latency  # seconds
        self.free = 0.0
        self.lock = threading.Lock()

    def arrival(self, size):
        """When so many bytes, sent now, are there; waits while too many others wait."""
        while True:
            with self.lock:
                now = time.monotonic()
                ahead = self.free - now - WAITING / self.rate if self.rate else 0.0
                if ahead <= 0:
                    self.free = max(self.free, now) + (size / self.rate if self.rate else 0.0)
                    return self.free + self.latency
            time.sleep(ahead)


class Direction:
    """What one socket says, told to another over a line."""

    def __init__(self, line, source, target):
        self.line, self.source, self.target = line, source, target
        self.coming = collections.deque()
        self.more = threading.Condition()
        for work in (self.take, self.give):
            threading.Thread(target=work, daemon=True).start()

    def take(self):
        data = b"."
        while data:
            try:
                data = self.source.recv(CHUNK)
            except ConnectionError:
                data = b""  # as if it had closed: told to the other side in its turn
            arrival = self.line.arrival(len(data))
            with self.more:
                self.coming.append((arrival, data))
                self.more.notify()

    def give(self):
        while True:
            with self.more:
                self.more.wait_for(lambda: self.coming)
                arrival, data = self.coming.popleft()
            time.sleep(max(0.0, arrival - time.monotonic()))
            try:
                if not data:
                    self.target.shutdown(socket.SHUT_WR)
                    return
                self.target.sendall(data)
            except OSError:  # nobody listens any more
                return


class Proxy:
    """`rate` in bits a second, 0 for no limit; `latency` in seconds, one way."""

    def __init__(self, channels, rate, latency):
        self.size = len(channels)
        self.channels = channels
        pairs = [(a, b) for a in range(self.size) for b in range(self.size) if a != b]
        self.lines = {pair: Line(rate / 8, latency) for pair in pairs}
        self.ways = {}
        self.ports = []

    def open(self):
        """Meets all processes, then lets them connect."""
        for rank, channel in enumerate(self.channels):
            port = channel.makefile("r").readline()
            if not port:
                raise SystemExit(f"process {rank} is gone")
            self.ports.append(json.loads(port))
        told = json.dumps(self.ports).encode() + b"\n"
        for channel in self.channels:
            channel.sendall(told)
        peers = self.size - 1
        for rank, channel in enumerate(self.channels):
            others = [peer for peer in range(self.size) if peer != rank]
            _, sockets, _, _ = socket.recv_fds(channel, 1, (1 + WAYS) * peers)
            if len(sockets) != (1 + WAYS) * peers:
                raise SystemExit(f"process {rank} is gone")
            sockets = [socket.socket(fileno=one) for one in sockets]
            for peer, door in zip(others, sockets[:peers]):
                threading.Thread(target=self.serve, args=(door, rank, peer), daemon=True).start()
            for number, peer in enumerate(others):
                self.ways[peer, rank] = sockets[peers + number * WAYS :][:WAYS]
        for channel in self.channels:
            channel.sendall(b".")

    def serve(self, door, source, target):
        with contextlib.closing(door):
            while True:
                come, _ = door.accept()
                way = self.ways[source, target].pop()
                way.connect((address(target), self.ports[target]))
                for one in (come, way):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Direction(self.lines[source, target], come, way)
                Direction(self.lines[target, source], way, come)
