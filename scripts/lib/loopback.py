# SPDX-License-Identifier: MIT
"""Sets up the loopback device of a new network namespace, and becomes the command.

usage: loopback.py COMMAND...
"""

import fcntl
import os
import socket
import struct
import sys


def set_up_loopback():
    set_flags, up = 0x8914, 0x1  # SIOCSIFFLAGS, IFF_UP: netdevice(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up))


if __name__ == "__main__":
    set_up_loopback()
    os.execvp(sys.argv[1], sys.argv[1:])
