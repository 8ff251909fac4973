"""Ports of loopback for tests that run beside each other.

Each test process claims a lane of ports below the range of outgoing connections for its life, by
the name of a socket that only one process can hold; nothing else may give the same port away.
"""
import contextlib
import itertools
import socket

LANE_FIRST, LANE_WIDTH, LANE_COUNT = 10000, 600, 36
DEMO_OFFSETS = (0, 25, 53, 80, 443)
BASES = 25    # of demonstrations in a lane: nearer than any two of the offsets
SINGLES = 480  # ports of a lane from here on are given one by one


def claim_lane():
    for number in range(LANE_COUNT):
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            holder.bind(f"\0mxseal-test-lane-{number}")
            return holder, LANE_FIRST + number * LANE_WIDTH
        except OSError:
            holder.close()
    raise RuntimeError("no lane of ports is free")


HOLDER, LANE = claim_lane()
turn_of_bases = itertools.cycle(range(BASES))
turn_of_singles = itertools.cycle(range(SINGLES, LANE_WIDTH))


def is_free(*ports):
    with contextlib.ExitStack() as held:
        try:
            for port in ports:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    held.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port_base():
    """N such that the demonstration's ports N, N+25, N+53, N+80 and N+443 are free."""
    for _ in range(BASES):
        base = LANE + next(turn_of_bases)
        if is_free(*(base + offset for offset in DEMO_OFFSETS)):
            return base
    raise RuntimeError("no free ports")


def free_port():
    for _ in range(LANE_WIDTH - SINGLES):
        port = LANE + next(turn_of_singles)
        if is_free(port):
            return port
    raise RuntimeError("no free port")
