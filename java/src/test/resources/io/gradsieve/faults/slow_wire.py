"""A wire between network namespaces that delays and loses packets.

    python3 slow_wire.py DELAY_SECONDS LOSS NAMESPACE=ADDRESS...

Gives each namespace a device tun0 with its address in a network of 24 bits, and carries IPv4 packets between them
until its standard input ends. Prints a line when all are there. The kernel's netem does the same where it is built in.
"""
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def device(namespace):
    """tun0 of a namespace; the process is back in its own afterwards."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/var/run/netns/" + namespace, os.O_RDONLY)
    if libc.setns(there, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN | IFF_NO_PI))
    libc.setns(home, 0)
    os.close(there)
    os.close(home)
    return tun


def main():
    delay, loss = float(sys.argv[1]), float(sys.argv[2])
    devices, routes = [], {}
    for pair in sys.argv[3:]:
        namespace, address = pair.split("=")
        tun = device(namespace)
        ip = ["ip", "-n", namespace]
        subprocess.run(ip + ["addr", "add", address + "/24", "dev", "tun0"], check=True)
        subprocess.run(ip + ["link", "set", "tun0", "up"], check=True)
        devices.append(tun)
        routes[bytes(int(part) for part in address.split("."))] = tun
    print("ready", flush=True)
    draws, on_the_way, number = random.Random(1), [], 0
    while True:
        wait = max(0.0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        readable, _, _ = select.select(devices + [sys.stdin], [], [], wait)
        if sys.stdin in readable:
            return
        for tun in readable:
            packet = os.read(tun, 65535)
            target = routes.get(packet[16:20])
            if target is not None and draws.random() >= loss:
                number += 1  # of equal times the first goes first
                heapq.heappush(on_the_way, (time.monotonic() + delay, number, target, packet))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, _, target, packet = heapq.heappop(on_the_way)
            try:
                os.write(target, packet)
            except BlockingIOError:
                pass  # its queue is full: a wire drops then


main()
