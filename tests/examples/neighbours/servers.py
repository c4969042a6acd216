# SPDX-License-Identifier: MIT
"""The real servers that the programs of examples/neighbours are tested against.

Each is a context: it starts a server on a free port or on a socket in a temporary folder, waits
until it answers, gives what a client needs to reach it, and stops it at the end. A server also ends
when the process that started it does, whatever ended that. Skip says that there is no such server.
"""

import contextlib
import ctypes
import functools
import glob
import http.server
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

WAIT = 60
LOOPBACK = "127.0.0.1"


class Skip(Exception):
    """The test cannot run here; says why."""


def need(*names):
    """The path of the first program that there is."""
    for name in names:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path:
            return path
    raise Skip("%s is not installed" % names[0])


def eventually(condition, what):
    """Repeats the condition until it is true."""
    give_up = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError("not within %d s: %s" % (WAIT, what))
        time.sleep(0.005)


def die_with_parent(number, parent):
    """Runs in the child, before its program: Linux sends it the signal when its parent ends."""
    ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def spawn(command, ending=signal.SIGTERM, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    options["preexec_fn"] = functools.partial(die_with_parent, ending, os.getpid())
    return subprocess.Popen(command, **options)


def stop(process, ending=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(ending)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
        return True
    return False


def free_port():
    """Free for TCP and for UDP, now: who takes it has to try again if it is late."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((LOOPBACK, 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]


@contextlib.contextmanager
def on_free_port(command_for, ending=signal.SIGTERM, is_ready=is_open, **options):
    """Runs command_for(port), with another port if it ends because somebody else was faster."""
    for _ in range(5):
        port = free_port()
        process = spawn(command_for(port), ending, **options)
        try:
            eventually(lambda: process.poll() is not None or is_ready(port), "the server answers")
            if process.poll() is None:
                yield port
                return
        finally:
            stop(process, ending)
    raise AssertionError("the server does not start: %r" % (process.args,))


@contextlib.contextmanager
def refusing_port():
    """A port that stays taken and refuses connections."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def silent_port():
    """A port that takes datagrams and never answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        yield silent.getsockname()[1]


NGINX = """
daemon off; master_process off; worker_processes 1; pid %(folder)s/nginx.pid;
error_log stderr; events { worker_connections 512; }
http {
    access_log off; client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi; uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    server { listen %(address)s:%(port)d; root %(folder)s/www; }
}
"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class PythonServer(http.server.ThreadingHTTPServer):
    """As python3 -m http.server, but for more than 5 clients that come at once."""

    request_queue_size = 128


@contextlib.contextmanager
def python_web(folder):
    handler = functools.partial(QuietHandler, directory=folder)
    with PythonServer((LOOPBACK, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def web(folder):
    """nginx, or Python's server where there is none: the port. It serves the files of folder/www."""
    os.makedirs(os.path.join(folder, "www"), exist_ok=True)
    try:
        nginx = need("nginx")
    except Skip:
        print("there is no nginx: with Python's server")
        return python_web(os.path.join(folder, "www"))

    def command_for(port):
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(NGINX % {"folder": folder, "port": port, "address": LOOPBACK})
        return [nginx, "-p", folder, "-c", config, "-e", "stderr"]

    return on_free_port(command_for)


@contextlib.contextmanager
def redis(folder):
    """The path of its socket."""
    path = os.path.join(folder, "redis.sock")
    command = [need("redis-server"), "--port", "0", "--unixsocket", path, "--save", ""]
    process = spawn([*command, "--dir", folder], stdout=subprocess.DEVNULL)
    try:

        def answers():
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                client.sendall(b"PING\r\n")
                return client.recv(5) == b"+PONG"
            return False

        eventually(answers, "redis-server answers")
        yield path
    finally:
        stop(process)


def dnsmasq(*records):
    """A name server that knows these records, given as options: the port."""
    program = need("dnsmasq")
    common = ["--keep-in-foreground", "--no-daemon", "--conf-file=/dev/null", "--no-resolv"]
    common += ["--no-hosts", "--bind-interfaces", "--listen-address=" + LOOPBACK, "--pid-file="]
    common += ["--user=", "--group=", "--local-service"]
    return on_free_port(
        lambda port: [program, *common, "--port=%d" % port, *records], stderr=subprocess.DEVNULL
    )


def postgres_program(name):
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    for path in [os.path.join(folder, name) for folder in folders]:
        if os.access(path, os.X_OK):
            return path
    return need(name)


def user_for_postgres(folder):
    """PostgreSQL refuses to run as root: options for Popen that make it somebody else."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres" if "postgres" in {u.pw_name for u in pwd.getpwall()} else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def postgres(folder):
    """The port of a server that trusts the user "cmio"."""
    initdb, program = postgres_program("initdb"), postgres_program("postgres")
    user = user_for_postgres(folder)
    data = os.path.join(folder, "postgres")
    options = ["-D", data, "-U", "cmio", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    made = spawn([initdb, *options], cwd=folder, stdout=subprocess.DEVNULL, **user)
    try:
        assert made.wait(120) == 0, "initdb"
    finally:
        stop(made)
    command = [program, "-D", data, "-k", folder, "-h", LOOPBACK, "-c", "fsync=off"]
    command += ["-c", "max_connections=50", "-c", "log_min_messages=fatal"]

    def accepts(port):
        # One that still starts refuses connections in its own words.
        ready = [postgres_program("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port)]
        return subprocess.run(ready, check=False).returncode == 0

    start = on_free_port(
        lambda port: [*command, "-p", str(port)],
        ending=signal.SIGQUIT,
        is_ready=accepts,
        cwd=folder,
        stderr=subprocess.DEVNULL,
        **user,
    )
    with start as port:
        yield port


CANNOT_CONNECT_NOW = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


@contextlib.contextmanager
def postgres_that_starts():
    """The port of a server that tells all clients that it cannot be used yet."""
    answer = b"E" + struct.pack("!i", 4 + len(CANNOT_CONNECT_NOW)) + CANNOT_CONNECT_NOW
    listener = socket.create_server((LOOPBACK, 0))

    def serve():
        with contextlib.suppress(OSError):  # when the listener is shut down
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    client.recv(4096)
                    client.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/> <allow eavesdrop="false"/> <allow own="*"/>
  </policy>
  <limit name="max_replies_per_connection">5000</limit>
</busconfig>
"""


@contextlib.contextmanager
def bus(folder):
    """The address of a private D-Bus daemon."""
    config, path = os.path.join(folder, "bus.conf"), os.path.join(folder, "bus.sock")
    with open(config, "w", encoding="utf-8") as file:
        file.write(BUS % path)
    process = spawn([need("dbus-daemon"), "--nofork", "--nopidfile", "--config-file=" + config])
    try:
        eventually(lambda: os.path.exists(path), "dbus-daemon listens")
        yield "unix:path=" + path
    finally:
        stop(process)
