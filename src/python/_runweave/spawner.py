"""A small process that starts others for a large executor, on Linux.

The counterpart of `execution/backend/spawner-process.ts`, which does the same in Node and is where this can't be: here
a start is one posix_spawn(3), which copies no page tables and shares memory with the child until that is another
program. Measured: 0.9 ms of CPU with the shell and a program that it starts, instead of 2 ms from Node.

Frames on standard input and output as in `execution/backend/frames.ts`. A `start` holds, separated by NUL: the working
directory, the number of words of the command, these, and the environment. When the input ends, so has the executor:
then what runs is ended, and this.

Only the standard library, and little of it: what is imported is waited for at the start.
"""

import errno
import os
import select
import signal
import stat
import struct
import time

HEAD = struct.Struct("<IBI")
READY, START, STOP, STARTED, STDOUT, STDERR, ENDED = range(7)
PIECE = 65536
# As in local.ts, in seconds.
GRACE = 3.0
DRAIN = 0.5
# Beyond this many ids a listing is less work (descendants.ts).
FEW_IDS = 64
MOST_LOOKS = 500
IDS_A_SECOND = 10_000
MARKS = (b"RUNWEAVE_RUN_ID", b"RUNWEAVE_TASK")
# Python ignores some; a task finds all as a login shell has them.
SIGNALS = [each for each in signal.valid_signals() if each not in (signal.SIGKILL, signal.SIGSTOP)]

try:
    with open("/proc/sys/kernel/pid_max", "rb") as limit:
        MOST_IDS = int(limit.read())
except OSError:
    MOST_IDS = 32768

SHELL = [b"/bin/sh", b"-e", b"-c"]
IS_DASH = os.path.realpath("/bin/sh").endswith("/dash")
# Nothing in these means something to a shell, but `=` in the first word and `>`.
PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+,./:%@= >"
# Its own commands and keywords.
SHELL_WORDS = frozenset(
    b". : alias bg break case cd chdir command continue do done echo elif else esac eval exec exit export false fc fg fi "
    b"for getopts hash if in jobs kill local printf pwd read readonly return set shift test then times trap true "
    b"type ulimit umask unalias unset until wait while".split()
)
# Bytes of a file that is there already: to empty a larger one may take a while, in which nothing else is started.
LARGEST_EMPTIED = 1024 * 1024
# What it does not hand on as it was.
SHELL_VARIABLES = frozenset((b"IFS", b"OPTIND", b"PPID"))

SIGNAL_NAMES = {int(each): each.name for each in signal.Signals}


class Task:
    def __init__(self, number, pid, marks, outputs):
        self.number = number
        self.pid = pid
        self.marks = marks
        # Descriptors that are open still, and which stream each is.
        self.outputs = outputs
        self.end = None
        self.is_stopped = False
        self.began = time.monotonic()


class Spawner:
    def __init__(self):
        self.poll = select.poll()
        self.by_output = {}
        self.by_pid = {}
        self.by_number = {}
        # [when, what to do, the task], seldom more than a few.
        self.timers = []
        self.input = b""
        self.is_over = False
        wake, woken = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        self.wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        # The executor says when this ends, by closing the pipe; a task may signal its parent.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(each, lambda *_: None)

    def serve(self):
        self.poll.register(0, select.POLLIN)
        self.poll.register(self.wake, select.POLLIN)
        self.send(READY, 0)
        while not self.is_over or self.by_pid:
            for descriptor, _ in self.poll.poll(self.patience()):
                if descriptor == 0:
                    self.take_input()
                elif descriptor == self.wake:
                    os.read(self.wake, 4096)
                    self.look_for_ends()
                elif descriptor in self.by_output:
                    self.hand_on(descriptor)
            self.fire_timers()

    # --- messages

    def send(self, kind, number, body=b""):
        left = memoryview(HEAD.pack(HEAD.size - 4 + len(body), kind, number) + body)
        try:
            while left:
                left = left[os.write(1, left) :]
        except OSError:
            # Nobody listens any more: told by the input's end, too.
            self.end_all()

    def take_input(self):
        chunk = os.read(0, PIECE)
        if not chunk:
            self.poll.unregister(0)
            self.end_all()
            return
        data = self.input + chunk if self.input else chunk
        at = 0
        while len(data) - at >= 4:
            end = at + 4 + int.from_bytes(data[at : at + 4], "little")
            if len(data) < end:
                break
            _, kind, number = HEAD.unpack_from(data, at)
            body = data[at + HEAD.size : end]
            at = end
            if kind == START:
                self.start(number, body)
            elif kind == STOP and number in self.by_number:
                self.stop(self.by_number[number])
        self.input = data[at:]

    # --- processes

    def start(self, number, body):
        cwd, count, *words = body.split(b"\0")
        command = words[: int(count)]
        env = dict(each.split(b"=", 1) for each in words[int(count) :])
        pipes = []
        try:
            pipes += os.pipe()
            pipes += os.pipe()
            stdout, child_stdout, stderr, child_stderr = pipes
            actions = [
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, child_stdout, 1),
                (os.POSIX_SPAWN_DUP2, child_stderr, 2),
            ]
            os.chdir(cwd)
            pid = spawn_without_shell(command, env, actions) or spawn(command, env, actions)
        except (OSError, ValueError) as error:
            for each in pipes[0::2]:
                os.close(each)
            self.send(STARTED, number, b"0")
            # The executor makes the message, as for what it starts itself.
            code = errno.errorcode.get(getattr(error, "errno", None), "")
            self.send(ENDED, number, b'{"type":"start-failed","code":"%s"}' % code.encode())
            return
        finally:
            for each in pipes[1::2]:
                os.close(each)
        self.send(STARTED, number, b"%d" % pid)
        task = Task(number, pid, marks_in(env), {stdout: STDOUT, stderr: STDERR})
        self.by_pid[pid] = self.by_number[number] = task
        for descriptor in task.outputs:
            os.set_blocking(descriptor, False)
            self.by_output[descriptor] = task
            self.poll.register(descriptor, select.POLLIN)

    def hand_on(self, descriptor):
        task = self.by_output[descriptor]
        try:
            chunk = os.read(descriptor, PIECE)
        except BlockingIOError:
            return
        if chunk:
            self.send(task.outputs[descriptor], task.number, chunk)
        else:
            self.close_output(task, descriptor)
            self.finish_if_over(task)

    def close_output(self, task, descriptor):
        self.poll.unregister(descriptor)
        os.close(descriptor)
        del task.outputs[descriptor], self.by_output[descriptor]

    def stop(self, task):
        # It may just have ended: then that is its end.
        self.look_for_ends()
        if task.is_stopped or task.end is not None:
            return
        task.is_stopped = True
        signal_group(task.pid, signal.SIGTERM)
        self.timers.append((time.monotonic() + GRACE, self.kill, task))

    def kill(self, task):
        if task.end is None:
            signal_group(task.pid, signal.SIGKILL)

    def look_for_ends(self):
        for pid, task in list(self.by_pid.items()):
            # Left unreaped until all that it left behind has ended: its id can't be another's meanwhile.
            if task.end is not None or os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            signal_group(pid, signal.SIGKILL)
            # All ids may have been given out since: then younger processes may be below it (descendants.ts).
            kill_left(task.marks, pid if (time.monotonic() - task.began) * IDS_A_SECOND < MOST_IDS else 0)
            _, status = os.waitpid(pid, 0)
            if os.WIFSIGNALED(status):
                name = SIGNAL_NAMES.get(os.WTERMSIG(status), "SIG%d" % os.WTERMSIG(status))
                task.end = b'{"type":"signal","signal":"%s"' % name.encode()
            else:
                task.end = b'{"type":"exit","code":%d' % os.WEXITSTATUS(status)
            task.end += b',"stopped":true}' if task.is_stopped else b',"stopped":false}'
            self.timers.append((time.monotonic() + DRAIN, self.give_up_output, task))
            self.finish_if_over(task)

    def give_up_output(self, task):
        """Something still holds its pipes open; what is in them already is handed on."""
        for descriptor in list(task.outputs):
            try:
                for _ in range(1024):
                    chunk = os.read(descriptor, PIECE)
                    if not chunk:
                        break
                    self.send(task.outputs[descriptor], task.number, chunk)
            except BlockingIOError:
                pass
            self.close_output(task, descriptor)
        self.finish_if_over(task)

    def finish_if_over(self, task):
        if task.end is None or task.outputs or task.pid not in self.by_pid:
            return
        del self.by_pid[task.pid], self.by_number[task.number]
        self.timers = [each for each in self.timers if each[2] is not task]
        self.send(ENDED, task.number, task.end)

    def end_all(self):
        self.is_over = True
        for task in list(self.by_pid.values()):
            self.stop(task)

    # --- time

    def patience(self):
        if not self.timers:
            return None
        return max(0.0, min(when for when, _, _ in self.timers) - time.monotonic()) * 1000 + 1

    def fire_timers(self):
        if not self.timers:
            return
        now = time.monotonic()
        due = [each for each in self.timers if each[0] <= now]
        self.timers = [each for each in self.timers if each[0] > now]
        for _, what, task in due:
            what(task)


def spawn(command, env, actions):
    options = {"file_actions": actions, "setsid": True, "setsigmask": [], "setsigdef": SIGNALS}
    program = find(command[0], env.get(b"PATH", b"/bin:/usr/bin"))
    try:
        return os.posix_spawn(program, command, env, **options)
    except OSError as error:
        # execvp(3): a file without a first line that says so is a shell's.
        if error.errno != errno.ENOEXEC:
            raise
        return os.posix_spawn("/bin/sh", [b"/bin/sh", program, *command[1:]], env, **options)


def spawn_without_shell(command, env, actions):
    """Starts what `sh -e -c` would for a command that is a program and plain words; 0 where a shell is needed.

    dash takes longer to start than many a program, and forks for it. As `backend/plain-command.ts`;
    docs/decisions/0045-a-plain-command-needs-no-shell.md says what differs.
    """
    if not IS_DASH or len(command) != 4 or command[:3] != SHELL:
        return 0
    text = command[3].strip(b" \n")
    if text.translate(None, PLAIN) or not SHELL_VARIABLES.isdisjoint(env):
        return 0
    words = text.split()
    output = words[-1] if words[-2:-1] == [b">"] else None
    if output is not None:
        del words[-2:]
    if any(b">" in each or each.endswith(b"setsid") for each in (*words, output or b"")):
        return 0
    if not words or words[0][:1] in b"-+" or b"=" in words[0] or words[0] in SHELL_WORDS:
        return 0
    file = None
    try:
        search = env[b"PATH"]
        program = find(words[0], search)
        here = os.stat(".").st_dev
        # On a file system that is neither the system's nor the task's, it may be waited for.
        if not search or b"%" in search or os.stat(program).st_dev not in (here, os.stat("/").st_dev):
            return 0
        seen = {name: value for name, value in env.items() if name.decode("ascii", "replace").isidentifier()}
        seen[b"PWD"] = logical_folder(env.get(b"PWD", b""))
        if output is not None:
            file = open_output(output, here)
            actions = [*actions, (os.POSIX_SPAWN_DUP2, file, 1)]
        return os.posix_spawn(program, words, seen, file_actions=actions, setsid=True, setsigmask=[], setsigdef=SIGNALS)
    except (KeyError, OSError):
        # The shell says what is wrong, or knows what to do.
        return 0
    finally:
        if file is not None:
            close_quietly(file)


def open_output(name, device):
    """As a shell does for `>`, where that can't take long; else an OSError. Of a pipe, a reader would be waited for."""
    try:
        there = os.stat(name)
    except FileNotFoundError:
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    if not stat.S_ISREG(there.st_mode) or there.st_dev != device or there.st_size > LARGEST_EMPTIED:
        raise OSError(errno.EEXIST, "")
    # It may have become a pipe just now; and what must not be made here may not be written to either (fs.protected_regular).
    opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o666)
    os.set_blocking(opened, True)
    return opened


def close_quietly(descriptor):
    try:
        os.close(descriptor)
    except OSError:
        # A file system of another machine may say only now what it has against it; the program hears of that as well.
        pass


def logical_folder(said):
    """As a shell has it in PWD: what it was told, if that is where it is."""
    if said.startswith(b"/"):
        try:
            if os.path.samestat(os.stat(said), os.stat(".")):
                return said
        except OSError:
            pass
    return os.getcwdb()


def find(program, path):
    """As execvp(3) does, in the task's own PATH."""
    if b"/" in program:
        return program
    denied = False
    for folder in path.split(b":"):
        candidate = folder + b"/" + program if folder else program
        if os.path.isfile(candidate):
            if os.access(candidate, os.X_OK):
                return candidate
            denied = True
    raise OSError(errno.EACCES if denied else errno.ENOENT, "")


def signal_group(pid, which):
    try:
        os.killpg(pid, which)
    except OSError:
        # Nobody is left in the group.
        pass


def marks_in(env):
    """What everything that the task starts inherits; nothing for a process that is no task's."""
    return [b"%s=%s" % (name, env.get(name, b"")) for name in MARKS] if MARKS[1] in env else []


def kill_left(marks, younger_than):
    """Ends processes that left the task's group, found by what they inherited (descendants.ts says how and why)."""
    killed = set()
    is_over = not marks
    while not is_over:
        is_over = True
        for pid in ids_after(younger_than):
            if pid in killed or pid == os.getpid() or not has_marks(pid, marks):
                continue
            killed.add(pid)
            is_over = False
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass


def ids_after(start):
    try:
        with open("/proc/loadavg", "rb") as file:
            last = int(file.read().split()[-1])
        if 0 <= last - start <= FEW_IDS:
            return [pid for pid in range(start + 1, last + 1) if os.path.exists("/proc/%d" % pid)]
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and (last < start or int(name) > start)]
    except OSError:
        return []


def has_marks(pid, marks):
    environment = b"\0" + environment_of(pid)
    return all(b"\0" + mark + b"\0" in environment for mark in marks)


def environment_of(pid):
    """Looks again while a process becomes another program, and shows nothing (descendants.ts says more)."""
    try:
        for _ in range(MOST_LOOKS):
            environment = shown(pid, "environ")
            if environment:
                return environment
            if shown(pid, "cmdline"):
                return shown(pid, "environ")
            if shown(pid, "statm").startswith(b"0 "):
                break
            time.sleep(0.001)
    except OSError:
        # Somebody else's, or gone.
        pass
    return b""


def shown(pid, name):
    with open("/proc/%d/%s" % (pid, name), "rb") as file:
        return file.read()


def main():
    try:
        # Where a start can't make a session, this says so before anything is asked for.
        os.posix_spawn("/", [b"/"], {}, setsid=True)
    except (AttributeError, NotImplementedError):
        return 1
    except OSError:
        pass
    Spawner().serve()
    return 0


if __name__ == "__main__":
    # Nothing is left to be done, and the executor waits for the end: without taking the interpreter apart.
    os._exit(main())
