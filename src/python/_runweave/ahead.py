"""A fork that is made before its task is known: started while nothing runs, used once.

    hold_output() ─→ whatever takes its time ─→ receive() ──the task──▶ become the task
                                                    └──nobody is there any more──▶ EOFError

What it has written meanwhile is the task's. Making it costs what a fork copies as it goes on, and a kernel's start;
so that is not part of a task's time.
"""

import json
import os
import socket

_held = []  # (device, inode) of what stands for standard output and for standard error


def hold_output():
    """Keeps what is written from now on for `pass_output_on`, in this process and in forks of it."""
    for stream in (1, 2):
        memory = os.memfd_create("output")
        os.dup2(memory, stream)
        os.close(memory)
        _held.append(_identity(stream))


def pass_output_on(outputs, is_first):
    """Puts the descriptors `outputs` in the place of what was held, also where a library has made copies of it.

    The first process that is told writes what was held.
    """
    for held, stream, output in zip(_held, (1, 2), outputs):
        if is_first:
            os.lseek(stream, 0, os.SEEK_SET)
            text = os.read(stream, 1 << 20)
            while text:
                text = text[os.write(output, text) :]
        for name in os.listdir("/proc/self/fd"):
            try:
                if _identity(int(name)) == held:
                    os.dup2(output, int(name), inheritable=os.get_inheritable(int(name)))
            except OSError:
                pass  # the folder's own
    _held.clear()


def _identity(descriptor):
    status = os.fstat(descriptor)
    return (status.st_dev, status.st_ino)


def send(connection, message, descriptors):
    """Sends an object of JSON and open files. Raises OSError if nobody is there."""
    data = json.dumps(message).encode() + b"\n"
    rest = data[socket.send_fds(connection, [data], descriptors) :]
    if rest:  # else it may have been read, and the other end be closed
        connection.sendall(rest)


def receive(connection):
    """What was sent, and the descriptors. Raises EOFError if nobody will send anything."""
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 2)
        while data and not data.endswith(b"\n"):
            more = connection.recv(1 << 16)
            data = data + more if more else b""
    except OSError:
        data = b""
    connection.close()
    if not data:
        raise EOFError
    return json.loads(data), descriptors
